/* The bodies of triggers that count the rows of a table: one before and one after a statement, and one after each row.
 * See maintainer.hpp for how they work together. make: makes the counter, in a memory context that owns it. */
#pragma once

#include "../border/arguments.hpp"
#include "../rollup/statement_delta.hpp"

extern "C" {
#include "commands/trigger.h"
}

#include <type_traits>

namespace analytics::pg {

/* Anybody may create such a trigger on a table of his own, also of another kind. */
inline void require_fired(bool fired, const char *when)
{
    if (!fired) ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED), errmsg("must be fired %s", when)));
}

template <auto make> using DeltaOf =
    StatementDelta<std::remove_pointer_t<decltype(make(MemoryContext{}, ExtensionSchema{}))>>;

template <auto make> DeltaOf<make> *open_delta(const ExtensionSchema &schema)
{
    return DeltaOf<make>::open([&schema](MemoryContext context) { return make(context, schema); });
}

template <auto make> Datum count_statement(FunctionCallInfo fcinfo)
{
    const TriggerData *const trigger = trigger_of(fcinfo);
    require_fired(TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event), "for each statement");
    auto *delta = DeltaOf<make>::here();
    if (TRIGGER_FIRED_BEFORE(trigger->tg_event)) {
        if (delta == nullptr) delta = open_delta<make>(schema_of(fcinfo));
        delta->statement_begins();
    } else if (delta != nullptr) {
        delta->statement_ends();
    }
    return {};
}

template <class Counter> void count_change(Counter &counter, const TriggerData &trigger)
{
    if (TRIGGER_FIRED_BY_INSERT(trigger.tg_event))
        counter.inserted(trigger.tg_trigslot);
    else if (TRIGGER_FIRED_BY_DELETE(trigger.tg_event))
        counter.deleted(trigger.tg_trigslot);
    else
        counter.updated(trigger.tg_trigslot, trigger.tg_newslot);
}

template <auto make> Datum count_row(FunctionCallInfo fcinfo)
{
    const TriggerData *const trigger = trigger_of(fcinfo);
    require_fired(TRIGGER_FIRED_FOR_ROW(trigger->tg_event) && TRIGGER_FIRED_AFTER(trigger->tg_event), "after each row");
    if (auto *const delta = DeltaOf<make>::here(); delta != nullptr) {
        count_change(delta->counter(), *trigger);
    } else {
        auto *const alone = open_delta<make>(schema_of(fcinfo));
        alone->statement_begins();
        count_change(alone->counter(), *trigger);
        alone->statement_ends();
    }
    return {};
}

} // namespace analytics::pg
