/* The order of an object's members in jsonb: by the names' length, then by their bytes, of each name the last. */
#pragma once

#include <algorithm>
#include <iterator>

namespace analytics::core {

/** Sorts members, which have a name and a position among those read. Those that stay, of each name the last, are moved
 * to the end: the result is where they begin. */
template <class Iterator> Iterator order_as_jsonb(Iterator begin, Iterator end)
{
    std::sort(begin, end, [](const auto &a, const auto &b) {
        if (a.name.size() != b.name.size()) return a.name.size() < b.name.size();
        const int order = a.name.compare(b.name);
        return order != 0 ? order < 0 : a.position < b.position;
    });
    const auto is_same = [](const auto &a, const auto &b) { return a.name == b.name; };
    return std::unique(std::make_reverse_iterator(end), std::make_reverse_iterator(begin), is_same).base();
}

} // namespace analytics::core
