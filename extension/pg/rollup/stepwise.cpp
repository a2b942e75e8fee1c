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

} // namespace analytics::pg
