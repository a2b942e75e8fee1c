/* Paths of routes: literal segments, and {names} that match one segment each. Literal segments are compared byte by
 * byte with what was sent, for none of them needs encoding. What a name matches is percent-decoded later, so an encoded
 * slash is part of a value and ends no segment. */
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace analytics::http {

/** The segments that the names match, as sent, in order; nothing if the path does not fit. */
[[nodiscard]] std::optional<std::vector<std::string_view>> match(std::string_view path_template, std::string_view path);

} // namespace analytics::http
