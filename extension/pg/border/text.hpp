/* Texts and bytea as views, and texts made from views. PostgreSQL phases. */
#pragma once

#include "postgres.hpp"

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

inline Datum text_of(std::string_view bytes)
{
    return PointerGetDatum(cstring_to_text_with_len(bytes.data(), static_cast<int>(bytes.size())));
}

} // namespace analytics::pg
