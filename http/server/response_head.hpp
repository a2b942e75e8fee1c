/* The head of a response, as RFC 9112 has it: status line, header fields, an empty line. The content follows it, and is
 * sent without being copied. */
#pragma once

#include "message.hpp"

#include <string>

namespace analytics::http {

/** is_last: the connection ends after it (Connection: close). The end of the connection is also the end of a content
 * that goes on, which has no length (RFC 9112, 6.3). */
[[nodiscard]] std::string response_head(const Response &response, bool is_last);

/** False for 204 and 304, which have neither content nor Content-Length (RFC 9110, 8.6). */
[[nodiscard]] bool has_content(int status) noexcept;

} // namespace analytics::http
