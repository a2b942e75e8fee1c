#include "statement_delta.hpp"

extern "C" {
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "utils/rel.h"
}

namespace analytics::pg {
namespace {

bool follows_insertions(const Trigger &trigger) noexcept
{
    return TRIGGER_FOR_ROW(trigger.tgtype) && TRIGGER_FOR_AFTER(trigger.tgtype) && TRIGGER_FOR_INSERT(trigger.tgtype);
}

bool fires(const Trigger &trigger) noexcept
{
    const char by_role =
        SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA ? TRIGGER_FIRES_ON_REPLICA : TRIGGER_FIRES_ON_ORIGIN;
    return trigger.tgenabled == TRIGGER_FIRES_ALWAYS || trigger.tgenabled == by_role;
}

} // namespace

Maintainers *sole_maintainers(const ExtensionSchema &schema, Relation partition)
{
    EventDelta *const delta = EventDelta::here();
    const TriggerDesc *const triggers = partition->trigdesc;
    if (delta == nullptr || triggers == nullptr) return nullptr;
    const Oid row_trigger = function_in(schema, "_analytics_rollup_row");
    bool is_followed = false;
    for (int i = 0; i < triggers->numtriggers; ++i) {
        const Trigger &trigger = triggers->triggers[i];
        if (!follows_insertions(trigger)) continue;
        if (trigger.tgfoid != row_trigger || trigger.tgqual != nullptr || !fires(trigger) || is_followed)
            return nullptr;
        is_followed = true;
    }
    return is_followed ? &delta->counter() : nullptr;
}

} // namespace analytics::pg
