/* A decimal number of any size, with exact sums: what projections add up.
 *
 * The number is a list of the places that are not zero, in base 10000. Each has a digit from -5000 to 4999. Every
 * number has exactly one such form, so equal numbers have equal bytes, and the highest place decides the sign and every
 * comparison. Adding 1e-300 to 1e300 makes two places, not six hundred digits: memory depends on the digits that events
 * bring, not on their exponents. Nothing overflows. A sum may be beyond PostgreSQL's numeric: then reading it fails,
 * and writing never does.
 *
 * Scales are not kept: 1.50 and 1.5 are the same number, written 1.5. */
#pragma once

#include "number.hpp"
#include "packed.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

namespace analytics::core {

class ExactNumber {
public:
    /** Zero. */
    ExactNumber() = default;
    explicit ExactNumber(const Decimal &decimal) { assign(decimal); }

    /** Takes the decimal's value; reuses its own memory. */
    void assign(const Decimal &decimal);

    void add(const ExactNumber &other);
    void subtract(const ExactNumber &other);

    [[nodiscard]] bool is_zero() const noexcept { return places_.empty(); }

    /** The number as a bigint; nothing when it is not one. */
    [[nodiscard]] std::optional<std::int64_t> to_int64() const noexcept;

    /** Whether numeric can hold it. */
    [[nodiscard]] bool fits_numeric() const noexcept;

    /** The number in numeric's form, with the smallest scale that is exact; requires fits_numeric. */
    void to_decimal(Decimal &out) const;

    /** Equal numbers, equal bytes. */
    void pack(std::string &out) const;

    /** Reads what pack wrote; throws Corrupt for anything else. */
    static ExactNumber unpack(packed::Rest &in);

    friend bool operator==(const ExactNumber &, const ExactNumber &) = default;
    friend std::strong_ordering operator<=>(const ExactNumber &a, const ExactNumber &b) noexcept;

private:
    struct Place {
        std::int32_t power = 0; // of 10000
        std::int32_t digit = 0; // -5000 to 4999, not 0

        friend bool operator==(const Place &, const Place &) = default;
    };

    void add(const ExactNumber &other, std::int32_t sign);
    void add_many(const ExactNumber &other, std::int32_t sign);
    std::size_t add_at(std::size_t from, std::int32_t power, std::int32_t digit);

    std::vector<Place> places_; // from the lowest power up
};

} // namespace analytics::core
