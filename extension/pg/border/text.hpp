/* Texts and bytea as views, and texts made from views. PostgreSQL phases. */
#pragma once

#include "postgres.hpp"

extern "C" {
#include "access/detoast.h"
}

#include <string_view>

namespace analytics::pg {

/** The bytes of a text, a varchar or a bytea that is detoasted. C++ phase. */
inline std::string_view detoasted_bytes(Datum datum) noexcept
{
    const auto *const bytes = reinterpret_cast<const struct varlena *>(DatumGetPointer(datum));
    return {VARDATA_ANY(bytes), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(bytes))};
}

/** The bytes of any. */
inline std::string_view bytes_of(Datum datum)
{
    return detoasted_bytes(PointerGetDatum(PG_DETOAST_DATUM_PACKED(datum)));
}

/** Calls see with the bytes, and frees what detoasting them took. */
template <class See> void with_bytes(Datum stored, See see)
{
    void *const packed = PG_DETOAST_DATUM_PACKED(stored);
    see(bytes_of(PointerGetDatum(packed)));
    if (packed != DatumGetPointer(stored)) pfree(packed);
}

/** How many bytes a text or bytea has, without detoasting it. */
inline std::size_t size_of(Datum stored)
{
    return toast_raw_datum_size(stored) - VARHDRSZ;
}

/** Calls see with so many of the bytes from start on, fewer where they end before. Of a value that is stored apart and
 * not compressed, only these are read. */
template <class See> void with_slice(Datum stored, std::size_t start, std::size_t size, See see)
{
    void *const slice = PG_DETOAST_DATUM_SLICE(stored, static_cast<int32>(start), static_cast<int32>(size));
    see(detoasted_bytes(PointerGetDatum(slice)));
    pfree(slice);
}

inline Datum text_of(std::string_view bytes)
{
    return PointerGetDatum(cstring_to_text_with_len(bytes.data(), static_cast<int>(bytes.size())));
}

} // namespace analytics::pg
