/* Writes jsonb in PostgreSQL's on-disk form, straight from the reader's tape: without a JsonbValue tree or a text.
 *
 * The form is jsonb.h's: a container is a header (count and kind), then one JEntry a child, then the children's bytes;
 * an object's keys come before its values, sorted by length, then by bytes, each once: the last of duplicates wins.
 * Every 32nd JEntry holds an offset, the others a length. Numbers are numeric datums in the form that numeric.c makes
 * (make_result), aligned to 4 bytes like nested containers. The bytes must equal those that jsonb_in makes of the same
 * text; test/pgtap compares the two.
 *
 * C++ phase: may throw std::bad_alloc or core::Error, calls nothing of PostgreSQL. */
#pragma once

#include "../../core/json.hpp"
#include "../../core/normalize.hpp"
#include "../../core/number.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace analytics::pg {

class JsonbWriter {
public:
    /** The payload as a jsonb datum (a varlena, with its 4-byte header). Valid until the next call. */
    const char *write(const core::Document &document, const core::Payload &payload);

private:
    struct Member {
        std::string_view name;
        std::uint32_t value = 0;    // index of its node, or of an added member, counted down from added_member
        std::uint32_t position = 0; // among the members, as they were read
    };

    static constexpr std::uint32_t added_member = UINT32_MAX;

    void write_container(const core::Document &document, std::uint32_t index, const core::Payload *payload);
    void write_object(const core::Document &document, std::uint32_t index, const core::Payload *payload);
    void write_array(const core::Document &document, std::uint32_t index);

    /** Writes one child and returns its JEntry, type and length. */
    std::uint32_t write_child(const core::Document &document, std::uint32_t index);
    std::uint32_t write_added(const core::AddedMember &member);
    void write_numeric(std::string_view number);

    /** Sorts the members from first on and drops all but the last of each name. */
    void order_members(std::size_t first);

    void reserve(std::size_t more);
    void append(const void *bytes, std::size_t size);
    void append_word(std::uint32_t word) { append(&word, sizeof word); }
    void put_word(std::size_t at, std::uint32_t word);
    void align();
    std::size_t append_entries(std::size_t count);

    /** Makes the child's JEntry final, as convertJsonbArray does, and counts its bytes. */
    void put_entry(std::size_t entries, std::size_t child, std::uint32_t entry, std::size_t &total);

    std::unique_ptr<char[]> buffer_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
    std::vector<Member> members_; // a stack: of the objects that are being written
    core::Decimal decimal_;
};

} // namespace analytics::pg
