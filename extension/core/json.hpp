/* A strict RFC 8259 reader: bytes in, a flat tree ("tape") out, in one pass.
 *
 * The tape is an array of nodes in document order. A container's node is followed by its subtree; an object's
 * subtree is name, value, name, value … in the order of the bytes, duplicates included. Texts are decoded in place in
 * the document's own copy of the bytes; numbers keep their digits as written. Nothing is allocated per member: both
 * buffers are reused for the next record.
 *
 * Surprising: JSON allows two things that jsonb can't hold: \u0000 and unpaired surrogate escapes, and numbers beyond
 * numeric's range. They do not stop the reader, because a reason of higher precedence may follow; unstorable() reports
 * them. A text with such an escape is not UTF-8 or holds a NUL, so no valid text equals it. Every number that numeric
 * can hold is read, also 1e309 and beyond.
 *
 * Details give the position as "at byte N", counted from 0. */
#pragma once

#include "reason.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace analytics::core {

enum class Kind : std::uint8_t { null, boolean_false, boolean_true, number, string, array, object };

struct Node {
    const char *text = nullptr; // string: decoded UTF-8; number: the digits as written; else null
    std::uint32_t size = 0;     // string, number: bytes of text; array: elements; object: members, duplicates included
    std::uint32_t end = 0;      // index of the node after this one's subtree
    Kind kind = Kind::null;

    /** Of a string or a number only. */
    std::string_view view() const noexcept { return {text, size}; }
};

struct Limits {
    std::size_t max_bytes = std::size_t{1} << 20; // analytics.max_event_bytes
    std::uint32_t max_depth = 64;                 // analytics.max_depth; the outermost container is level 1

    friend bool operator==(const Limits &, const Limits &) = default;
};

class Document {
public:
    Document();
    ~Document();
    Document(const Document &) = delete;
    Document &operator=(const Document &) = delete;

    /** Reads one value. Refuses with too_large, invalid_utf8, invalid_json or too_deep; then the tape is unspecified.
     * Nodes and texts are valid until the next read. */
    Refusal read(std::string_view value, const Limits &limits);

    /** unstorable_text or unstorable_number when the last document has one anywhere; else none. */
    const Refusal &unstorable() const noexcept;

    const Node &operator[](std::uint32_t index) const noexcept;
    std::uint32_t size() const noexcept; // nodes; the root is node 0

    /** The whole tape, for those who walk much of it. */
    std::span<const Node> nodes() const noexcept;

private:
    class Builder;
    std::unique_ptr<Builder> builder_;
};

} // namespace analytics::core
