#include "cursor.hpp"

#include <array>
#include <charconv>
#include <stdexcept>

namespace analytics::http {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t position_size = 8;
constexpr std::size_t id_size = 16;
constexpr std::size_t text_size = (position_size + id_size) / 3 * 4;

using Bytes = std::array<std::uint8_t, position_size + id_size>; // a multiple of 3: base64 without padding

// 8-4-4-4-12: a dash stands before these bytes of the id
constexpr bool dash_before(std::size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void put_id(Bytes &bytes, std::string_view id)
{
    const char *at = id.data();
    const char *const end = at + id.size();
    for (std::size_t i = 0; i < id_size; ++i) {
        if (dash_before(i) && (at == end || *at++ != '-')) throw std::invalid_argument("not a uuid");
        if (end - at < 2) throw std::invalid_argument("not a uuid");
        const auto [next, error] = std::from_chars(at, at + 2, bytes[position_size + i], 16);
        if (error != std::errc{} || next != at + 2) throw std::invalid_argument("not a uuid");
        at = next;
    }
    if (at != end) throw std::invalid_argument("not a uuid");
}

std::string id_of(const Bytes &bytes)
{
    constexpr std::string_view hex = "0123456789abcdef";
    std::string id;
    for (std::size_t i = 0; i < id_size; ++i) {
        if (dash_before(i)) id += '-';
        id += hex[bytes[position_size + i] >> 4U];
        id += hex[bytes[position_size + i] & 0xFU];
    }
    return id;
}

} // namespace

std::string encode(const Cursor &cursor)
{
    Bytes bytes{};
    for (std::size_t i = 0; i < position_size; ++i)
        bytes[i] =
            static_cast<std::uint8_t>(static_cast<std::uint64_t>(cursor.position) >> (8 * (position_size - 1 - i)));
    put_id(bytes, cursor.id);

    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::uint32_t group =
            static_cast<std::uint32_t>(bytes[i]) << 16U | static_cast<std::uint32_t>(bytes[i + 1]) << 8U | bytes[i + 2];
        for (const unsigned shift : {18U, 12U, 6U, 0U}) text += alphabet[group >> shift & 0x3FU];
    }
    return text;
}

std::optional<Cursor> decode_cursor(std::string_view text)
{
    if (text.size() != text_size) return std::nullopt;
    Bytes bytes{};
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            const std::size_t value = alphabet.find(text[i / 3 * 4 + j]);
            if (value == std::string_view::npos) return std::nullopt;
            group = group << 6U | static_cast<std::uint32_t>(value);
        }
        bytes[i] = static_cast<std::uint8_t>(group >> 16U);
        bytes[i + 1] = static_cast<std::uint8_t>(group >> 8U);
        bytes[i + 2] = static_cast<std::uint8_t>(group);
    }
    std::uint64_t position = 0;
    for (std::size_t i = 0; i < position_size; ++i) position = position << 8U | bytes[i];
    return Cursor{static_cast<std::int64_t>(position), id_of(bytes)};
}

} // namespace analytics::http
