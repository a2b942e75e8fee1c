/* Percent-encoded text of URLs, read strictly. Refused are a "%" without two hexadecimal digits, bytes that are not
 * UTF-8, and NUL, which no text in PostgreSQL can have. */
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace analytics::http {

[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

} // namespace analytics::http
