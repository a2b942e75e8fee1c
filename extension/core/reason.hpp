/* Why a record was not stored: the closed list of the reference's section "Refused records".
 *
 * The order of the enumerators is the order of precedence: when several reasons apply to a record, the smallest is
 * given. Exception: of invalid_json and too_deep, the one whose byte comes first. */
#pragma once

#include <cstddef>
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
    implausible_time,
    contract_violation,
    unstorable_text,
    unstorable_number,
    tombstone,
    rejected, // the table refused the row; never a result of normalization
    dropped,  // a trigger dropped the row; likewise
};

/** The reason as users see it, e.g. "invalid_json"; empty for none. Never allocates. */
std::string_view name(Reason reason) noexcept;

/** The reason of that name; none for any other text. */
Reason reason_named(std::string_view wanted) noexcept;

/** What keeps a record from being of a shape: a member's name or path, and what it must be. */
struct Lack {
    std::string member;
    std::string what; // "is required", or "must ..."; its own value may follow as ", and is ..."

    /** "member: what". */
    [[nodiscard]] std::string text() const { return member + ": " + what; }
};

/** A reason, and the position ("at byte 118") or member that it is about; never the payload itself. */
struct Refusal {
    Reason reason = Reason::none;
    std::string detail;
    std::size_t member_size = 0; // the detail is a Lack's text, whose member has so many bytes; 0: it is none

    explicit operator bool() const noexcept { return reason != Reason::none; }
};

} // namespace analytics::core
