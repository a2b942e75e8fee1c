/* Percent-encoding of URLs (RFC 3986, 2.1), read strictly: a "%" that two hexadecimal digits don't follow, bytes that
 * are not UTF-8, and NUL (which would end a text on its way into the database) are no value. */
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace analytics::http {

[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

/** Appends text with all but the unreserved characters encoded, so that it is one value of a query or one segment of a
 * path. */
void append_percent_encoded(std::string &out, std::string_view text);

} // namespace analytics::http
