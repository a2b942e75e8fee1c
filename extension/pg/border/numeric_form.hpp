/* numeric's form on disk, which numeric.c keeps to itself: written as make_result writes it, and read back. The pgTAP
 * tests compare with what numeric_in makes. */
#pragma once

#include "../../core/number.hpp"
#include "postgres.hpp"

#include <cstddef>

namespace analytics::pg {

inline constexpr std::size_t numeric_head_bytes = VARHDRSZ + 2 * sizeof(std::uint16_t);

/** Writes what stands before the digits, at most numeric_head_bytes; answers how many. */
std::size_t write_numeric_head(const core::Decimal &decimal, char *out) noexcept;

/** A numeric datum. PostgreSQL phase. */
Datum numeric_of(const core::Decimal &decimal);

/** What a numeric with a 4-byte header holds, which must be no NaN and no infinity, as in jsonb. C++ phase. */
void read_numeric(const char *numeric, core::Decimal &out);

} // namespace analytics::pg
