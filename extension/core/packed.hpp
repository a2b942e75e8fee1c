/* Numbers and texts as the bytes of bags: LEB128 (the lowest seven bits first), signed numbers in zigzag, so that small
 * ones of either sign are short. A text is preceded by its length. The take functions never read beyond the end. They
 * throw Corrupt when bytes end early, a number does not fit or could be shorter, or a database can't hold the text. */
#pragma once

#include "error.hpp"
#include "text/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace analytics::core::packed {

inline constexpr unsigned bits_per_byte = 7;
inline constexpr unsigned low_bits = 0x7F;
inline constexpr unsigned more = 0x80;

inline void put(std::string &bytes, std::uint64_t value)
{
    for (; value > low_bits; value >>= bits_per_byte) bytes.push_back(static_cast<char>((value & low_bits) | more));
    bytes.push_back(static_cast<char>(value));
}

inline constexpr std::size_t most_bytes_of_number = 10;

/** Writes the number to where there is room for it; returns its end. */
inline char *write(char *at, std::uint64_t value) noexcept
{
    for (; value > low_bits; value >>= bits_per_byte) *at++ = static_cast<char>((value & low_bits) | more);
    *at++ = static_cast<char>(value);
    return at;
}

/** In the order 0, -1, 1, -2 …: small numbers of either sign take few bits. */
constexpr std::uint64_t zigzag(std::int64_t value) noexcept
{
    return (static_cast<std::uint64_t>(value) << 1U) ^ (value < 0 ? ~std::uint64_t{0} : 0);
}

constexpr std::int64_t from_zigzag(std::uint64_t value) noexcept
{
    return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1U));
}

inline void put_signed(std::string &bytes, std::int64_t value)
{
    put(bytes, zigzag(value));
}

inline void put_text(std::string &bytes, std::string_view text)
{
    put(bytes, text.size());
    bytes += text;
}

inline std::uint64_t take(const char *&at, const char *end)
{
    std::uint64_t value = 0;
    for (unsigned shift = 0; at != end; shift += bits_per_byte) {
        const auto byte = static_cast<unsigned char>(*at++);
        const std::uint64_t part = byte & low_bits;
        if (shift >= 64 || (part << shift) >> shift != part) throw Corrupt("bag holds a number beyond 64 bits");
        if (byte == 0 && shift > 0) throw Corrupt("bag holds a number that is not in its shortest form");
        value |= part << shift;
        if ((byte & more) == 0) return value;
    }
    throw Corrupt("bag ends within a number");
}

inline std::int64_t take_signed(const char *&at, const char *end)
{
    return from_zigzag(take(at, end));
}

/** Takes bytes that are preceded by their number. */
inline std::string_view take_bytes(const char *&at, const char *end)
{
    const std::uint64_t size = take(at, end);
    if (size > static_cast<std::uint64_t>(end - at)) throw Corrupt("bag ends within a text");
    const char *const begin = at;
    at += size;
    return {begin, static_cast<std::size_t>(size)};
}

/** Takes a text that is preceded by its length. */
inline std::string_view take_text(const char *&at, const char *end)
{
    const std::string_view text = take_bytes(at, end);
    if (!is_storable_text(text)) throw Corrupt("bag holds a text that is not UTF-8");
    return text;
}

/** The packed bytes that are not taken yet. */
struct Rest {
    explicit Rest(std::string_view bytes) noexcept : at(bytes.data()), end(bytes.data() + bytes.size()) {}

    std::uint64_t number() { return take(at, end); }
    std::int64_t signed_number() { return take_signed(at, end); }
    std::string_view bytes() { return take_bytes(at, end); }
    std::string_view text() { return take_text(at, end); }
    [[nodiscard]] bool empty() const noexcept { return at == end; }

    const char *at;
    const char *end;
};

} // namespace analytics::core::packed
