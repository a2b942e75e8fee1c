/* Cuts a JSON array into its elements, each with its bytes as they were written.
 *
 * It follows strings and brackets in a loop, not by recursion. Then each element is read as a value. An element that is
 * not JSON makes the whole array invalid. An element that is too deep or too large is cut like any other: the
 * normalizer refuses it later. */
#pragma once

#include "json.hpp"

#include <string_view>
#include <vector>

namespace analytics::core {

class ArrayItems {
public:
    /** Cuts the array. Refuses with invalid_utf8 or invalid_json. When there are more than max_items, it stops after
     * one more. */
    Refusal split(std::string_view array, std::size_t max_items, const Limits &limits);

    /** Valid as long as the array's bytes are. */
    [[nodiscard]] const std::vector<std::string_view> &items() const noexcept { return items_; }

private:
    Refusal cut(std::string_view array, std::size_t max_items);
    [[nodiscard]] Refusal judge(std::string_view array, const Limits &limits) const;

    std::vector<std::string_view> items_;
};

} // namespace analytics::core
