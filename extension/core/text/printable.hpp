/* A text that may stand in a line that people read, also when a client has chosen it. */
#pragma once

#include <string>
#include <string_view>

namespace analytics::core {

/** The text as UTF-8 without what changes the line around it: each control character, line separator and mark of
 * direction becomes U+FFFD, and each ill-formed byte a question mark. At most three times as long. */
[[nodiscard]] std::string printable(std::string_view text);

} // namespace analytics::core
