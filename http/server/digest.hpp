/* SHA-256 for entity tags. */
#pragma once

#include <string>
#include <string_view>

namespace analytics::http {

/** The first 128 bits in hexadecimal. They distinguish responses even if somebody tries to make two equal ones. */
[[nodiscard]] std::string digest(std::string_view bytes);

} // namespace analytics::http
