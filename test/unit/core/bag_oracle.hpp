/* A bag's counts in the simplest form: (type, minute or second) → count, without zeros. */
#pragma once

#include "../../../extension/core/bag.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

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

/** The seconds of a packed bag; its cells have the first types. */
inline Cells seconds_of(std::string_view cells, std::string_view seconds)
{
    std::vector<std::string> types;
    for (BagReader reader{cells}; reader.next();) types.emplace_back(reader.type());
    const SecondsHead head{seconds, seconds.size()};
    types.insert(types.end(), head.types().begin(), head.types().end());
    Cells counts;
    for (int minute = 0; minute < minutes_per_hour; ++minute)
        read_part(seconds.substr(head.part(minute), head.part(minute + 1) - head.part(minute)), types.size(),
                  [&](std::size_t type, int second, std::int64_t count) {
                      counts[{types[type], minute * seconds_per_minute + second}] += count;
                  });
    return counts;
}

inline Cells minutes_of(const Cells &seconds)
{
    Cells minutes;
    for (const auto &[key, count] : seconds) add_to(minutes, key.first, key.second / seconds_per_minute, count);
    return minutes;
}

} // namespace analytics::core
