#include "stepwise.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_inherits.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
}

namespace analytics::pg {

void next_step()
{
    SPI_commit();
    XactIsoLevel = XACT_READ_COMMITTED;
}

void await_writers(const ExtensionSchema &schema, const char *table)
{
    List *locks = NIL;
    ListCell *cell = nullptr;
    foreach (cell, find_all_inheritors(relation_in(schema, table), NoLock, nullptr)) {
        auto *const lock = static_cast<LOCKTAG *>(palloc(sizeof(LOCKTAG)));
        SET_LOCKTAG_RELATION(*lock, MyDatabaseId, lfirst_oid(cell));
        locks = lappend(locks, lock);
    }
    WaitForLockersMultiple(locks, ShareLock, false);
}

void await_event_writers(const ExtensionSchema &schema)
{
    await_writers(schema, "analytics_events");
}

} // namespace analytics::pg
