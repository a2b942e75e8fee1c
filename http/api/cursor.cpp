#include "cursor.hpp"

#include "../../extension/core/text/base64.hpp"
#include "../../extension/core/text/uuid.hpp"

#include <stdexcept>

namespace analytics::http {

namespace {

constexpr std::size_t position_size = 8;
constexpr std::size_t id_size = 16;

} // namespace

std::string encode(const Cursor &cursor)
{
    const std::optional<std::string> id = core::bytes_of_uuid(cursor.id);
    if (!id) throw std::invalid_argument("not a uuid");
    std::string bytes;
    for (std::size_t i = 0; i < position_size; ++i)
        bytes += static_cast<char>(static_cast<std::uint64_t>(cursor.position) >> (8 * (position_size - 1 - i)));
    std::string text;
    core::append_base64url(text, bytes + *id);
    return text;
}

std::optional<Cursor> decode_cursor(std::string_view text)
{
    const std::optional<std::string> bytes = core::bytes_of_base64url(text);
    if (!bytes || bytes->size() != position_size + id_size) return std::nullopt;
    std::uint64_t position = 0;
    for (std::size_t i = 0; i < position_size; ++i) position = position << 8U | static_cast<unsigned char>((*bytes)[i]);
    return Cursor{static_cast<std::int64_t>(position), core::uuid_of_bytes(bytes->substr(position_size))};
}

} // namespace analytics::http
