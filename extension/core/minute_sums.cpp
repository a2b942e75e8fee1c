#include "minute_sums.hpp"

#include "count.hpp"

namespace analytics::core {

void MinuteSums::add(std::string_view packed, const std::optional<std::string_view> &type)
{
    for (BagReader bag{packed}; bag.next();) {
        if (type && bag.type() != *type) continue;
        MinuteReader minutes = bag.minutes();
        for (MinuteCount cell; minutes.next(cell);) {
            std::int64_t &sum = counts[static_cast<std::size_t>(cell.minute)];
            sum = sum_of(sum, cell.count);
        }
    }
}

} // namespace analytics::core
