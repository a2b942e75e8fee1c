/* Paths of routes: literal segments, and {names} that take one segment each. Literal segments are compared byte by byte
 * with what was sent, for no route of ours needs encoding; what a name takes is percent-decoded later, so an encoded
 * slash is part of a value and ends no segment. */
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace analytics::http {

/** The segments that the template's names take, as sent, in order; nothing when the path is another. */
[[nodiscard]] std::optional<std::vector<std::string_view>> match(std::string_view path_template, std::string_view path);

} // namespace analytics::http
