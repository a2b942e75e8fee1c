/* An answer as RFC 9112 writes it: status line, header fields, an empty line; then the content, which is sent from
 * where it lies and is not part of what is written here. */
#pragma once

#include "answer.hpp"

#include <string>

namespace analytics::http {

/** is_last: the connection ends with it, and says so. */
[[nodiscard]] std::string response_head(const Answer &answer, bool is_last);

/** RFC 9110, 8.6: 204 and 304 have no content, nor a Content-Length that would speak of one. */
[[nodiscard]] bool has_content(int status) noexcept;

} // namespace analytics::http
