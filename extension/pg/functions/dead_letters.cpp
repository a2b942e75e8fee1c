/* The triggers of dead letters, which count the open ones, and note new ones for feeds: _analytics_dead_letter_row,
 * _analytics_dead_letter_statement, _analytics_dead_letter_truncate. _analytics_dead_letter_counts_agree: whether these
 * counts may be used, or the dead letters must be counted. _analytics_await_dead_letter_writers: before a feed of them
 * begins. */

#include "../feed/noted_dead_letters.hpp"
#include "../rollup/open_dead_letters.hpp"
#include "../rollup/stepwise.hpp"
#include "row_triggers.hpp"

namespace analytics::pg {
namespace {

/* All that is derived from the dead letters: the counts, and what feeds get. Each part belongs to the context. */
struct DerivedOfDeadLetters {
    OpenDeadLetters *open;
    NotedDeadLetters *noted; // nullptr: no feed wants them

    void inserted(TupleTableSlot *dead_letter) const
    {
        open->inserted(dead_letter);
        if (noted != nullptr) noted->inserted(dead_letter);
    }

    void deleted(TupleTableSlot *dead_letter) const { open->deleted(dead_letter); }

    void updated(TupleTableSlot *before, TupleTableSlot *after) const
    {
        open->updated(before, after);
        if (noted != nullptr) noted->updated(before, after);
    }

    void write() const
    {
        open->write();
        if (noted != nullptr) noted->write();
    }
};

DerivedOfDeadLetters *make_derived(MemoryContext context, const ExtensionSchema &schema)
{
    static_assert(std::is_trivially_destructible_v<DerivedOfDeadLetters>);
    return ::new (MemoryContextAlloc(context, sizeof(DerivedOfDeadLetters)))
        DerivedOfDeadLetters{make_open_dead_letters(context, schema), make_noted_dead_letters(context, schema)};
}

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_dead_letter_statement)
{
    return analytics::pg::count_statement<analytics::pg::make_derived>(fcinfo);
}

ANALYTICS_FUNCTION(analytics_dead_letter_row)
{
    return analytics::pg::count_row<analytics::pg::make_derived>(fcinfo);
}

ANALYTICS_FUNCTION(analytics_dead_letter_truncate)
{
    using namespace analytics::pg;
    const TriggerData *const trigger = trigger_of(fcinfo);
    require_fired(TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event), "by TRUNCATE");
    const ExtensionSchema schema = schema_of(fcinfo);
    if (RelationGetRelid(trigger->tg_relation) == relation_in(schema, "analytics_dead_letters"))
        truncate_dead_letter_counts(schema);
    return {};
}

ANALYTICS_FUNCTION(analytics_dead_letter_counts_agree)
{
    PG_RETURN_BOOL(!analytics::pg::DeltaOf<analytics::pg::make_derived>::is_any_open());
}

ANALYTICS_FUNCTION(analytics_await_dead_letter_writers)
{
    using namespace analytics::pg;
    await_writers(schema_of(fcinfo), "analytics_dead_letters");
    return {};
}
