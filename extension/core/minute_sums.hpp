/* How many events each minute of one hour holds, of one type or of all: what is left of bags where nothing else is asked.
 * Bags are added in any order; a sum may be negative meanwhile, and says nothing before the hour's last bag is in. */
#pragma once

#include "bag.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace analytics::core {

struct MinuteSums {
    std::array<std::int64_t, minutes_per_hour> counts{}; // by minute of the hour

    /** Adds a packed bag's counts of the type, or of every type. Throws Corrupt where the bytes are no bag, Error when a sum
     * would leave 64 bits. */
    void add(std::string_view packed, const std::optional<std::string_view> &type);
};

} // namespace analytics::core
