/* Arrays of what C++ has. PostgreSQL phase. */
#pragma once

#include "../border/postgres.hpp"

extern "C" {
#include "utils/array.h"
#include "utils/lsyscache.h"
}

#include <algorithm>
#include <cstdint>

namespace analytics::pg {

/** An array of the type, with an element for each of the items: what value makes of it. */
template <class Items, class Value> Datum array_of(const Items &items, Oid type, Value value)
{
    auto *const elements = static_cast<Datum *>(palloc(items.size() * sizeof(Datum)));
    std::transform(items.begin(), items.end(), elements, value);
    std::int16_t length = 0;
    bool by_value = false;
    char alignment = 0;
    get_typlenbyvalalign(type, &length, &by_value, &alignment);
    return PointerGetDatum(
        construct_array(elements, static_cast<int>(items.size()), type, length, by_value, alignment));
}

} // namespace analytics::pg
