/* A JSON number for comparisons: exact, whatever its size, from its digits as they are written.
 *
 * 1, 1.0 and 10e-1 are one number. Each operation looks at each digit once, and never at as many zeroes as an exponent
 * says. Numbers that 18 digits write are compared as integers.
 *
 * Exact for all that numeric can hold. An exponent beyond 2^30 counts as 2^30: such a number is larger than each that a
 * schema may have, and no payload that is stored has one. */
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace analytics::core::schema {

/** A divisor: digits * 10^power; the digits don't end with a zero. */
struct Divisor {
    std::uint64_t digits = 1;
    std::int64_t power = 0;
};

/** Refers to the text. */
class Number {
public:
    /** Requires the grammar of RFC 8259. */
    explicit Number(std::string_view text) noexcept;

    /** Whether it is written as an integer of few digits, and so is compared fast. */
    [[nodiscard]] bool is_small() const noexcept { return small_.has_value(); }

    [[nodiscard]] bool is_integer() const noexcept;
    [[nodiscard]] bool is_multiple_of(const Divisor &divisor) const noexcept;

    /** Equal numbers, equal hashes. */
    [[nodiscard]] std::uint64_t hash() const noexcept;

    /** The number as a divisor; nothing when it is not positive, or has more than most_divisor_digits. */
    [[nodiscard]] std::optional<Divisor> to_divisor() const noexcept;

    /** The number as a count, 2^32-1 when it is larger; nothing when it is no integer or negative. */
    [[nodiscard]] std::optional<std::uint32_t> to_count() const noexcept;

    friend std::strong_ordering operator<=>(const Number &a, const Number &b) noexcept;
    friend bool operator==(const Number &a, const Number &b) noexcept { return std::is_eq(a <=> b); }

private:
    struct Digits;

    std::string_view text_;
    std::optional<std::int64_t> small_; // when it is written as an integer of at most 18 digits
};

} // namespace analytics::core::schema
