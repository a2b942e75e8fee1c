/* SHA-256, as what an answer is known by. */
#pragma once

#include <string>
#include <string_view>

namespace analytics::http {

/** The first 128 bits in hexadecimal: enough to tell answers apart, also for somebody who makes them. */
[[nodiscard]] std::string digest(std::string_view bytes);

} // namespace analytics::http
