/* A bag's counts in the simplest form: (type, minute) → count, without zeros. */
#pragma once

#include "../../../extension/core/bag.hpp"

#include <map>
#include <string>
#include <utility>

namespace analytics::core {

using Cells = std::map<std::pair<std::string, int>, std::int64_t>;

inline void add_to(Cells &cells, const std::string &type, int minute, std::int64_t count)
{
    std::int64_t &cell = cells[{type, minute}];
    cell += count;
    if (cell == 0) cells.erase({type, minute});
}

inline std::int64_t sum_of(const Cells &cells, std::string_view type, int from, int to)
{
    std::int64_t sum = 0;
    for (const auto &[key, count] : cells)
        if (key.first == type && key.second >= from && key.second < to) sum += count;
    return sum;
}

inline Cells cells_of(std::string_view packed)
{
    Cells cells;
    for (BagReader reader{packed}; reader.next();) {
        MinuteReader minutes = reader.minutes();
        for (MinuteCount cell; minutes.next(cell);) cells[{std::string(reader.type()), cell.minute}] = cell.count;
    }
    return cells;
}

} // namespace analytics::core
