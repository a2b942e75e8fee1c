/* The number of events in each minute of one hour, of one type or of all, summed up from bags. Bags are added in any
 * order. A sum is right after the hour's last bag; before, it may even be negative. */
#pragma once

#include "bag.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace analytics::core {

struct MinuteSums {
    std::array<std::int64_t, minutes_per_hour> counts{}; // by minute of the hour

    /** Adds a packed bag's counts of the type, or of every type. Throws Corrupt where the bytes are no bag, Error when
     * a sum would leave 64 bits. */
    void add(std::string_view packed, const std::optional<std::string_view> &type);
};

} // namespace analytics::core
