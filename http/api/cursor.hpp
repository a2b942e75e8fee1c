/* Where a page ended: the last item's place in time, as the database counts it, and its id. On the wire 24 bytes (the
 * place big-endian, the UUID as it is) as 32 characters of base64url, which clients hand back unread. A cursor holds nothing
 * secret and is no capability: forging one is asking for another page. */
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
