/* What a payload breaks, in words: where, which keyword, and what the keyword asks for. Never the payload's value.
 *
 * Both texts are shortened, and a database can hold them, also when the payload has texts that it can't hold. */
#pragma once

#include "value.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace analytics::core::schema {

struct Finding {
    std::string pointer;      // JSON Pointer (RFC 6901) into the payload
    std::string_view keyword; // "budget" when the payload takes more steps than it may; then it was not judged
    std::string expected;     // of "required" and "dependentRequired" the missing name; else the keyword's value
};

/** The text, as a database can hold it: each byte of another text that is not ASCII becomes a question mark. */
std::string storable(std::string_view text);

/** Appends a slash and the token, escaped. */
void append_token(std::string &pointer, std::string_view token);

/** At most so many bytes, of whole characters; an ellipsis says that there was more. */
std::string shortened(std::string text, std::size_t most);

/** The value as JSON, about so many bytes of it. */
std::string json_text(const Value &value, std::size_t most);

/** JSON Pointer to a node. */
std::string pointer_to(const Document &document, std::uint32_t node);

} // namespace analytics::core::schema
