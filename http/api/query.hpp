/* A query string: name=value pairs joined by "&", percent-encoded, with "+" for a space (what URLSearchParams writes).
 * Empty pieces between two "&" are ignored. */
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::http {

struct Pair {
    std::string name;                 // decoded; as sent when it can't be decoded
    std::optional<std::string> value; // nothing when name or value can't be decoded
};

[[nodiscard]] std::vector<Pair> pairs_of(std::string_view query);

/** The query with one parameter replaced or added; pairs that could not be decoded are left out. */
[[nodiscard]] std::string query_with(std::string_view query, std::string_view name, std::string_view value);

} // namespace analytics::http
