/* Strict UTF-8 (RFC 3629): shortest form only, no surrogates, nothing above U+10FFFF. */
#pragma once

#include <cstddef>
#include <string_view>

namespace analytics::core {

/** The offset of the first byte of the first ill-formed sequence, or text.size() when there is none. */
std::size_t first_invalid_utf8(std::string_view text) noexcept;

/** Whether the bytes are a text as a database of encoding UTF8 holds it: well-formed, and without a zero byte. */
bool is_storable_text(std::string_view text) noexcept;

} // namespace analytics::core
