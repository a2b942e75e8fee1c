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

Pending::Pending(MemoryContext context, Upkeeps *upkeeps, SubTransactionId subtransaction) noexcept
    : context_(context), upkeeps_(upkeeps), subtransaction_(subtransaction), outer_(std::exchange(innermost, this))
{
}

Pending::~Pending()
{
    Pending **link = &innermost;
    while (*link != this) link = &(*link)->outer_;
    *link = outer_;
}

Pending *Pending::here()
{
    const SubTransactionId current = GetCurrentSubTransactionId();
    Pending *pending = innermost;
    while (pending != nullptr && pending->subtransaction_ != current) pending = pending->outer_;
    return pending;
}

Pending *Pending::open(const Home &home, std::span<const MakeUpkeep> kinds)
{
    const MemoryContext context =
        AllocSetContextCreate(CurTransactionContext, "analytics upkeep", ALLOCSET_DEFAULT_SIZES);
    static_assert(std::is_trivially_destructible_v<Upkeeps>);
    // cppcheck-suppress legacyUninitvar // it is made here
    auto *const upkeeps = ::new (MemoryContextAlloc(context, sizeof(Upkeeps))) Upkeeps(context, home, kinds);
    return make_owned<Pending>(context, context, upkeeps, GetCurrentSubTransactionId());
}

void Pending::statement_ends()
{
    upkeeps_->write();
    if (--statements_ <= 0) MemoryContextDelete(context_); // and with it this
}

Upkeeps *sole_follower(const Home &home, Relation partition)
{
    Pending *const pending = Pending::here();
    const TriggerDesc *const triggers = partition->trigdesc;
    if (pending == nullptr || triggers == nullptr) return nullptr;
    const Oid upkeep = function_at(home, "_analytics_rollup_row");
    bool is_followed = false;
    for (int i = 0; i < triggers->numtriggers; ++i) {
        const Trigger &trigger = triggers->triggers[i];
        if (!follows_insertions(trigger)) continue;
        if (trigger.tgfoid != upkeep || trigger.tgqual != nullptr || !fires(trigger) || is_followed) return nullptr;
        is_followed = true;
    }
    return is_followed ? &pending->upkeeps() : nullptr;
}

} // namespace analytics::pg
