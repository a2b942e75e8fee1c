/* PostgreSQL's own verdict on bytes as JSON, as data: utf8, json (grammar alone) and jsonb (grammar, texts
 * and numbers that it can hold), each asked apart. Its errors are caught without a subtransaction, which is sound here
 * and only here: these input functions hold nothing but memory. A NUL byte, which no text can hold, is shown to them as
 * another control character: JSON allows neither, anywhere. */

#include "postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
}

#include <algorithm>

namespace boundary {
namespace {

constexpr int sqlstate_length = 5;

/* Calls an input function; returns whether it took the text, else its SQLSTATE. */
bool takes(PGFunction input, const char *text, Datum *value, int *sqlstate)
{
    const MemoryContext context = CurrentMemoryContext;
    volatile bool taken = false;
    PG_TRY();
    {
        *value = DirectFunctionCall1(input, CStringGetDatum(text));
        taken = true;
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(context);
        ErrorData *const error = CopyErrorData();
        *sqlstate = error->sqlerrcode;
        FreeErrorData(error);
        FlushErrorState();
    }
    PG_END_TRY();
    return taken;
}

} // namespace
} // namespace boundary

ANALYTICS_FUNCTION(boundary_oracle)
{
    TupleDesc type = nullptr;
    if (get_call_result_type(fcinfo, nullptr, &type) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");

    const bytea *const bytes = PG_GETARG_BYTEA_PP(0);
    const int size = static_cast<int>(VARSIZE_ANY_EXHDR(bytes));
    char *const text = static_cast<char *>(palloc0(static_cast<Size>(size) + 1));
    std::replace_copy(VARDATA_ANY(bytes), VARDATA_ANY(bytes) + size, text, '\0', '\1');

    Datum values[4] = {};
    bool nulls[4] = {false, false, true, true};
    const bool is_utf8 = pg_verify_mbstr(PG_UTF8, text, size, true);
    int sqlstate = 0;
    Datum json = 0;
    values[0] = BoolGetDatum(is_utf8);
    values[1] = BoolGetDatum(is_utf8 && boundary::takes(json_in, text, &json, &sqlstate));
    if (is_utf8 && boundary::takes(jsonb_in, text, &values[2], &sqlstate)) {
        nulls[2] = false;
    } else if (is_utf8) {
        values[3] = PointerGetDatum(cstring_to_text_with_len(unpack_sql_state(sqlstate), boundary::sqlstate_length));
        nulls[3] = false;
    }
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(type), values, nulls));
}

ANALYTICS_FUNCTION(boundary_bytes)
{
    const Jsonb *const value = PG_GETARG_JSONB_P(0);
    const auto size = VARSIZE(value);
    auto *const bytes = static_cast<bytea *>(palloc(size));
    std::copy_n(reinterpret_cast<const char *>(value), size, reinterpret_cast<char *>(bytes));
    PG_RETURN_BYTEA_P(bytes);
}
