/* One-dimensional PostgreSQL arrays in binary form (array_send's), written into the buffer that is sent to the
 * server: a record's bytes are copied once. An array that becomes large reserves much more at once: pages that
 * nobody writes to cost nothing, and growing by doubling would copy it again and again. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace analytics::runtime {

/** Element types by their OID. */
enum class Element : std::uint32_t { bytea = 17, int8 = 20, text = 25, timestamptz = 1184, jsonb = 3802 };

class ArrayWriter {
public:
    explicit ArrayWriter(Element element);

    void clear(); // without freeing the memory

    void null();
    void bytes(std::string_view value); // bytea, text
    void jsonb(std::string_view text);  // JSON text
    void integer(std::int64_t value);   // int8
    /** timestamptz, in microseconds since the Unix epoch. */
    void instant(std::int64_t unix_micros);

    /** Keeps the first so many elements; there must be as many. */
    void keep(std::size_t count);

    [[nodiscard]] std::size_t size() const noexcept { return size_; } // elements
    [[nodiscard]] std::size_t content_bytes() const noexcept;         // of all elements
    /** The last element of an int8 array that is not empty. */
    [[nodiscard]] std::int64_t last_integer() const noexcept;
    [[nodiscard]] bool has_values() const noexcept { return nulls_ < size_; }

    /** The whole array; valid until the next change. */
    [[nodiscard]] std::string_view view() const noexcept { return buffer_; }

private:
    void put32(std::uint32_t value);
    void put64(std::uint64_t value);
    void begin_element(std::uint32_t length_word);

    std::string buffer_;
    Element element_;
    std::size_t size_ = 0;
    std::size_t nulls_ = 0;
};

} // namespace analytics::runtime
