/* A query string: name=value pairs joined by "&", percent-encoded, "+" for a space (what URLSearchParams writes).
 *
 * Decoding is strict: a "%" that two hexadecimal digits don't follow, bytes that are not UTF-8, and NUL (which would
 * end a text on its way into the database) are no value. An empty piece between two "&" is no pair. */
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::http {

struct Pair {
    std::string name;                 // decoded; as sent when it can't be decoded
    std::optional<std::string> value; // nothing when name or value can't be decoded
};

[[nodiscard]] std::vector<Pair> pairs_of(std::string_view query);

/** Appends text so that pairs_of reads it back. */
void append_encoded(std::string &out, std::string_view text);

} // namespace analytics::http
