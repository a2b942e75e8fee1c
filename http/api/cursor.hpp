/* Where a page ended: the position of its last item in time, as the database counts it, and the item's id. On the wire
 * a cursor is 24 bytes (the position big-endian, then the UUID) as 32 characters of base64url, which clients send back
 * unread. A cursor is neither secret nor a capability: a forged one is a request for another page. */
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace analytics::http {

struct Cursor {
    std::int64_t position; // the database's: any number is one
    std::string id;        // the UUID in its canonical form
};

/** Throws std::invalid_argument when the id is no UUID. */
[[nodiscard]] std::string encode(const Cursor &cursor);

/** Nothing when the text is not what encode writes. */
[[nodiscard]] std::optional<Cursor> decode_cursor(std::string_view text);

} // namespace analytics::http
