/* numeric's form on disk, which PostgreSQL declares in numeric.c only. It is written as make_result writes it, and
 * read. The pgTAP tests compare it with what numeric_in makes. */
#pragma once

#include "../../core/number.hpp"
#include "postgres.hpp"

#include <cstddef>

namespace analytics::pg {

inline constexpr std::size_t numeric_head_bytes = VARHDRSZ + 2 * sizeof(std::uint16_t);

/** Writes what precedes the digits, at most numeric_head_bytes; returns how many bytes. */
std::size_t write_numeric_head(const core::Decimal &decimal, char *out) noexcept;

/** A numeric datum. PostgreSQL phase. */
Datum numeric_of(const core::Decimal &decimal);

/** The value of a numeric with a 4-byte header. NaN and infinity, which jsonb never holds, throw Error. C++ phase. */
void read_numeric(const char *numeric, core::Decimal &out);

} // namespace analytics::pg
