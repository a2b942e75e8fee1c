#include "statement_delta.hpp"

#include "../border/owned.hpp"

extern "C" {
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "utils/memutils.h"
#include "utils/rel.h"
}

#include <type_traits>
#include <utility>

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

StatementDelta::StatementDelta(MemoryContext context, Maintainers *maintainers,
                               SubTransactionId subtransaction) noexcept
    : context_(context), maintainers_(maintainers), subtransaction_(subtransaction),
      outer_(std::exchange(innermost, this))
{
}

StatementDelta::~StatementDelta()
{
    StatementDelta **link = &innermost;
    while (*link != this) link = &(*link)->outer_;
    *link = outer_;
}

StatementDelta *StatementDelta::here()
{
    const SubTransactionId current = GetCurrentSubTransactionId();
    StatementDelta *delta = innermost;
    while (delta != nullptr && delta->subtransaction_ != current) delta = delta->outer_;
    return delta;
}

StatementDelta *StatementDelta::open(const ExtensionSchema &schema, std::span<const MakeMaintainer> kinds)
{
    const MemoryContext context =
        AllocSetContextCreate(CurTransactionContext, "analytics statement delta", ALLOCSET_DEFAULT_SIZES);
    static_assert(std::is_trivially_destructible_v<Maintainers>);
    // cppcheck-suppress legacyUninitvar // it is made here
    auto *const maintainers =
        ::new (MemoryContextAlloc(context, sizeof(Maintainers))) Maintainers(context, schema, kinds);
    return make_owned<StatementDelta>(context, context, maintainers, GetCurrentSubTransactionId());
}

void StatementDelta::statement_ends()
{
    maintainers_->write();
    if (--statements_ <= 0) MemoryContextDelete(context_); // and with it this
}

Maintainers *sole_maintainers(const ExtensionSchema &schema, Relation partition)
{
    StatementDelta *const delta = StatementDelta::here();
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
    return is_followed ? &delta->maintainers() : nullptr;
}

} // namespace analytics::pg
