/* Percent-encoding of URLs (RFC 3986, 2.1), read strictly. Refused are a "%" without two hexadecimal digits, bytes that
 * are not UTF-8, and NUL, which no text in PostgreSQL can have. */
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace analytics::http {

[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

/** Appends the text as one value of a query or one segment of a path: all but the unreserved characters are encoded. */
void append_percent_encoded(std::string &out, std::string_view text);

} // namespace analytics::http
