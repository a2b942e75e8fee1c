/* Percent-encoding (RFC 3986, 2.1). */
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace analytics::core {

/** Nothing when two hexadecimal digits don't follow a "%". The result may hold any bytes, UTF-8 or not. */
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

/** Likewise, and nothing when the result is no text that a database can hold. */
[[nodiscard]] std::optional<std::string> percent_decoded_text(std::string_view text);

/** Appends the text with all but the unreserved characters, and those of `plain`, encoded. */
void append_percent_encoded(std::string &out, std::string_view text, std::string_view plain = {});

} // namespace analytics::core
