/* Why a record was not stored: the closed list of the reference's section "Refused records".
 *
 * The order of the enumerators is the order of precedence: where several reasons apply to one record, the
 * smallest wins. Exception: between invalid_json and too_deep the one that comes first in the bytes. */
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace analytics::core {

enum class Reason : std::uint8_t {
    none, // accepted
    too_large,
    invalid_utf8,
    invalid_json,
    too_deep,
    not_an_object,
    unknown_shape,
    missing_field,
    invalid_field,
    invalid_timestamp,
    unstorable_text,
    unstorable_number,
    tombstone,
    rejected, // the table refused the row: said by the database, never by normalization
    dropped,  // a trigger of the table's dropped the row: likewise
};

/** The reason as users see it, e.g. "invalid_json"; empty for none. Never allocates. */
std::string_view name(Reason reason) noexcept;

/** The reason of that name; none for any other text. */
Reason reason_named(std::string_view wanted) noexcept;

/** A reason and the place or member it speaks of ("at byte 118"), never the payload itself. */
struct Refusal {
    Reason reason = Reason::none;
    std::string detail;

    explicit operator bool() const noexcept { return reason != Reason::none; }
};

} // namespace analytics::core
