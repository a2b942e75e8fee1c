/* A JSON number in the terms of PostgreSQL's numeric: exact, in base 10000.
 *
 * Arithmetic on the digits only; pg/ makes a numeric datum of it. Follows numeric.c
 * (set_var_from_str, strip_var): a value is sum(digits[i] * 10000^(weight - i)), shown with scale digits after
 * the point. */
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace analytics::core {

struct Decimal {
    std::vector<std::int16_t> digits; // base 10000, no leading or trailing zero digit; empty for zero
    int weight = 0;                   // power of 10000 of the first digit; 0 for zero
    int scale = 0;                    // decimal digits after the point, "dscale"
    bool negative = false;            // never for zero
};

/** A JSON number taken apart, whatever its size. An exponent beyond 2^30 counts as 2^30, with its sign; numeric
 * holds no such number. */
struct NumberParts {
    std::string_view mantissa; // from the first significant digit on, may still hold the point; empty for zero
    std::int64_t weight = 0;   // power of ten of mantissa's first digit
    std::int64_t scale = 0;    // digits after the point once the exponent is applied
    bool negative = false;
    bool exponent_fits = true;
};

/** The parts of a JSON number (RFC 8259 grammar, already checked). */
NumberParts parts_of(std::string_view number) noexcept;

/** Whether PostgreSQL's numeric can hold this JSON number (RFC 8259 grammar, already checked): numeric_in's limits
 * on exponent, weight (131072 digits before the point) and scale (16383 after). Allocates nothing. */
bool fits_numeric(std::string_view number) noexcept;

/** The number in numeric's terms; requires fits_numeric. Reuses out's memory. */
void to_decimal(std::string_view number, Decimal &out);

} // namespace analytics::core
