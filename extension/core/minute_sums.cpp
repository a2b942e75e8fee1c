#include "minute_sums.hpp"

#include "error.hpp"

namespace analytics::core {

void MinuteSums::add(std::string_view packed, const std::optional<std::string_view> &type)
{
    for (BagReader bag{packed}; bag.next();) {
        if (type && bag.type() != *type) continue;
        MinuteReader minutes = bag.minutes();
        for (MinuteCount cell; minutes.next(cell);)
            if (std::int64_t &sum = counts[static_cast<std::size_t>(cell.minute)];
                __builtin_add_overflow(sum, cell.count, &sum))
                throw Error("count of events beyond 64 bits");
    }
}

} // namespace analytics::core
