#include "build.hpp"

#include "../border/statement.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
}

namespace analytics::pg {
namespace {

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

} // namespace

void build_projection(const Home &home, const char *name)
{
    commit();
    await_writers(home);
    while (build_chunk(home, name)) {
        CHECK_FOR_INTERRUPTS();
        commit();
    }
}

} // namespace analytics::pg
