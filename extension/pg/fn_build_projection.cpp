/* The procedures that build a projection: analytics_create_projection, analytics_build_projection.
 *
 * Writers need not stop. The rules are committed first; from then on every statement that begins to write events knows
 * of the projection. Then all transactions are awaited that hold a lock for writing and may have begun without, as
 * CREATE INDEX CONCURRENTLY does; what they wrote is seen by every later snapshot. Then the past is taken in, chunk by
 * chunk with a commit each: in one snapshot, what events say less what bags say already is what the bags lack, and
 * appending that is right whatever others commit meanwhile. An interrupted build is gone on with by calling
 * analytics_build_projection; of two builders, one waits at each chunk until the other has committed. */

#include "statement.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "nodes/parsenodes.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
}

namespace analytics::pg {
namespace {

void require_transactions(FunctionCallInfo fcinfo, const char *name)
{
    const auto *const call = fcinfo->context != nullptr && IsA(fcinfo->context, CallContext)
                                 ? reinterpret_cast<CallContext *>(fcinfo->context)
                                 : nullptr;
    if (call == nullptr || call->atomic)
        ereport(ERROR,
                (errcode(ERRCODE_ACTIVE_SQL_TRANSACTION), errmsg("%s cannot run inside a transaction block", name),
                 errdetail("It commits what it has done step by step."),
                 errhint("Use CALL as a statement of its own.")));
}

/* A transaction in which each statement sees what others have committed before it; two builders would else count twice. */
void begin_chunk()
{
    XactIsoLevel = XACT_READ_COMMITTED;
}

void commit()
{
    SPI_commit();
    begin_chunk();
}

/* Awaits the end of all transactions that hold a lock for writing events, whichever table it is on. */
void await_writers(const Home &home)
{
    List *locks = NIL;
    ListCell *cell = nullptr;
    foreach (cell, find_all_inheritors(relation_at(home, "analytics_events"), NoLock, nullptr)) {
        auto *const lock = static_cast<LOCKTAG *>(palloc(sizeof(LOCKTAG)));
        SET_LOCKTAG_RELATION(*lock, MyDatabaseId, lfirst_oid(cell));
        locks = lappend(locks, lock);
    }
    WaitForLockersMultiple(locks, ShareLock, false);
}

struct ChunkReader {
    static constexpr ReadColumn columns[] = {{"_analytics_build_projection_chunk", BOOLOID}};

    bool is_more = false;

    bool receive(TupleTableSlot *row)
    {
        is_more = DatumGetBool(row->tts_values[0]);
        return false;
    }
};

bool build_chunk(const Home &home, const char *name)
{
    ChunkReader reader;
    RowReceiver receiver{reader};
    run_statement(home, "SELECT %s_analytics_build_projection_chunk($1)",
                  {{TEXTOID, PointerGetDatum(cstring_to_text(name))}}, &receiver);
    return reader.is_more;
}

/* With a transaction that has done nothing yet. */
void build(const Home &home, const char *name)
{
    await_writers(home);
    while (build_chunk(home, name)) {
        CHECK_FOR_INTERRUPTS();
        commit();
    }
}

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_create_projection)
{
    using namespace analytics::pg;
    require_transactions(fcinfo, "analytics_create_projection");
    if (PG_ARGISNULL(0)) ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("name must not be null")));

    SPI_connect_ext(SPI_OPT_NONATOMIC);
    const Home home = home_of(fcinfo);
    const char *const name = text_to_cstring(PG_GETARG_TEXT_PP(0));
    const auto argument = [&](int number, Oid type) {
        return Parameter{type, fcinfo->args[number].value, PG_ARGISNULL(number)};
    };
    run_statement(home, "SELECT %s_analytics_register_projection($1, $2, $3, $4, $5, $6, $7)",
                  {argument(0, TEXTOID), argument(1, TEXTARRAYOID), argument(2, JSONOID), argument(3, JSONOID),
                   argument(4, INTERVALOID), argument(5, INT4OID), argument(6, TEXTOID)});
    commit();
    build(home, name);
    SPI_finish();
    return {};
}

ANALYTICS_FUNCTION(analytics_build_projection)
{
    using namespace analytics::pg;
    require_transactions(fcinfo, "analytics_build_projection");
    if (PG_ARGISNULL(0)) ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("name must not be null")));

    SPI_connect_ext(SPI_OPT_NONATOMIC);
    const Home home = home_of(fcinfo);
    const char *const name = text_to_cstring(PG_GETARG_TEXT_PP(0));
    commit();
    build(home, name);
    SPI_finish();
    return {};
}
