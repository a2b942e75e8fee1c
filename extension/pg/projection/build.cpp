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

/* Each statement must see what others have committed before it: else two builders would count twice. */
void begin_chunk()
{
    XactIsoLevel = XACT_READ_COMMITTED;
}

void commit()
{
    SPI_commit();
    begin_chunk();
}

/* Awaits the end of all transactions that hold a lock for writing on analytics_events or a partition. */
void await_writers(const ExtensionSchema &schema)
{
    List *locks = NIL;
    ListCell *cell = nullptr;
    foreach (cell, find_all_inheritors(relation_in(schema, "analytics_events"), NoLock, nullptr)) {
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

bool build_chunk(const ExtensionSchema &schema, const char *name)
{
    ChunkReader reader;
    RowReceiver receiver{reader};
    run_statement(schema, "SELECT %s_analytics_build_projection_chunk($1)",
                  {{TEXTOID, PointerGetDatum(cstring_to_text(name))}}, &receiver);
    return reader.is_more;
}

} // namespace

void build_projection(const ExtensionSchema &schema, const char *name)
{
    commit();
    await_writers(schema);
    while (build_chunk(schema, name)) {
        CHECK_FOR_INTERRUPTS();
        commit();
    }
}

} // namespace analytics::pg
