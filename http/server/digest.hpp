/* SHA-256, of keys and for entity tags. */
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace analytics::http {

using Sha256 = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha256 sha256(std::string_view bytes);

/** The first 128 bits in hexadecimal. They distinguish responses even if somebody tries to make two equal ones. */
[[nodiscard]] std::string digest(std::string_view bytes);

} // namespace analytics::http
