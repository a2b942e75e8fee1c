/* Cuts a JSON array into its elements, each the bytes as they were written.
 *
 * It follows strings and brackets, in a loop and not by recursion, so that no element's depth is a matter to the others.
 * Then each element is read as a value. One that is no JSON makes all of it none; one that is only too deep is an element
 * like any other, and whoever judges elements will refuse it. */
#pragma once

#include "json.hpp"

#include <string_view>
#include <vector>

namespace analytics::core {

class ArrayItems {
public:
    /** Cuts the array. Refuses with invalid_utf8 or invalid_json. Where there are more than max_items, it finds one more than
     * these and looks no further. */
    Refusal split(std::string_view array, std::size_t max_items, const Limits &limits);

    /** Valid as long as the array's bytes are. */
    [[nodiscard]] const std::vector<std::string_view> &items() const noexcept { return items_; }

private:
    Refusal cut(std::string_view array, std::size_t max_items);
    [[nodiscard]] Refusal judge(std::string_view array, const Limits &limits) const;

    std::vector<std::string_view> items_;
};

} // namespace analytics::core
