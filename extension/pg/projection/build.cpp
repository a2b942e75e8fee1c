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

struct AnswerReader {
    static constexpr ReadColumn columns[] = {{"is_more", BOOLOID}};

    bool is_more = false;

    bool receive(TupleTableSlot *row)
    {
        is_more = DatumGetBool(row->tts_values[0]);
        return false;
    }
};

/* Runs a step, which says whether there is more to do. */
bool is_more_after(const ExtensionSchema &schema, const char *step, const char *name)
{
    AnswerReader reader;
    RowReceiver receiver{reader};
    run_statement(schema, step, {{TEXTOID, PointerGetDatum(cstring_to_text(name))}}, &receiver);
    return reader.is_more;
}

} // namespace

void await_event_writers(const ExtensionSchema &schema)
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

void build_projection(const ExtensionSchema &schema, const char *name)
{
    /* The SQL of 0.1.0, which this library may serve until it is updated, knows no versions. */
    const bool knows_versions = OidIsValid(function_in(schema, "_analytics_renew_projection", {TEXTOID}));
    commit();
    while (!knows_versions || is_more_after(schema, "SELECT %s_analytics_renew_projection($1) AS is_more", name)) {
        commit();
        await_event_writers(schema);
        while (is_more_after(schema, "SELECT %s_analytics_build_projection_chunk($1) AS is_more", name)) {
            CHECK_FOR_INTERRUPTS();
            commit();
        }
        if (!knows_versions) break;
        commit(); // and once more: the upcasts may have changed meanwhile
    }
}

} // namespace analytics::pg
