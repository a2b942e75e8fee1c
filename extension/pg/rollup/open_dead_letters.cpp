#include "open_dead_letters.hpp"

#include "../../core/count.hpp"
#include "../border/columns.hpp"
#include "../border/owned.hpp"
#include "../border/text.hpp"
#include "bags.hpp"

extern "C" {
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/catalog.h"
#include "catalog/pg_type.h"
#include "commands/tablecmds.h"
#include "storage/bufmgr.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
}

namespace analytics::pg {
namespace {

constexpr char counts_table[] = "analytics_dead_letter_counts";

/* Few, because a reader adds up the bags of all reasons. */
constexpr int bags_to_fold = 4;

/* A reason is a short word. Only an operator's own rows could have so many. */
constexpr std::size_t many_reasons = 10'000;

constexpr ReadColumn reason_of_letter{"reason", TEXTOID};
constexpr ReadColumn replayed_at{"replayed_at", TIMESTAMPTZOID, Nulls::allowed};

enum Column : int { reason_column, open_column };
constexpr ReadColumn columns[] = {{"reason", TEXTOID}, {"open", INT8OID}};

/* Not under SERIALIZABLE: two writers that read each other's bags would fail. */
bool may_fold(std::uint32_t number)
{
    return !IsolationIsSerializable() && is_time_to_fold(number, nullptr);
}

/* Takes the bags of a reason, if there are many, and returns their sum. */
std::int64_t fold(Bags &bags, const BagKey &reason)
{
    std::int64_t sum = 0;
    if (!bags.are_many(reason, bags_to_fold)) return sum;
    bags.take(reason);
    while (const HeapTuple bag = bags.next_taken()) {
        bool is_null = false;
        const std::int64_t open = DatumGetInt64(bags.value(bag, open_column, &is_null));
        sum = guarded([&] { return core::sum_of(sum, open); });
    }
    return sum;
}

} // namespace

void OpenDeadLetters::count(TupleTableSlot *dead_letter, std::int64_t number)
{
    const TupleDesc description = dead_letter->tts_tupleDescriptor;
    bool is_null = false;
    slot_getattr(dead_letter, column_number(description, replayed_at, 12), &is_null);
    if (!is_null) return;
    const Datum reason = slot_getattr(dead_letter, column_number(description, reason_of_letter, 2), &is_null);
    require_value(reason_of_letter, is_null);
    with_bytes(reason, [&](std::string_view bytes) {
        guarded([&] {
            auto at = changes_.find(bytes);
            if (at == changes_.end()) at = changes_.emplace(bytes, 0).first;
            at->second += number;
        });
    });
    if (changes_.size() >= many_reasons) write();
}

void OpenDeadLetters::write()
{
    std::erase_if(changes_, [](const auto &change) { return change.second == 0; });
    if (changes_.empty()) return;
    const MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "analytics dead letter counts", ALLOCSET_DEFAULT_SIZES);
    const MemoryContext outer = MemoryContextSwitchTo(context);
    Bags bags{schema_, counts_table, "analytics_dead_letter_counts_reason", columns};
    std::uint32_t place = 0;
    for (const auto &change : changes_) {
        CHECK_FOR_INTERRUPTS();
        const Datum reason = text_of(change.first);
        BagKey key{bags};
        key.add(reason_column, F_TEXTEQ, reason);
        const std::int64_t folded = may_fold(place++) ? fold(bags, key) : 0;
        const std::int64_t open = guarded([&] { return core::sum_of(change.second, folded); });
        if (open == 0) continue;
        const Datum values[] = {reason, Int64GetDatum(open)};
        const bool nulls[] = {false, false};
        bags.append(values, nulls);
    }
    bags.close();
    MemoryContextSwitchTo(outer);
    MemoryContextDelete(context);
    changes_.clear();
}

OpenDeadLetters *make_open_dead_letters(MemoryContext context, const ExtensionSchema &schema)
{
    const ExtensionSchema own{schema.oid, MemoryContextStrdup(context, schema.prefix)};
    return make_owned<OpenDeadLetters>(context, own);
}

void truncate_dead_letter_counts(const ExtensionSchema &schema)
{
    const Relation counts = open_table(schema, counts_table, AccessExclusiveLock);
    /* The same TRUNCATE may name the counts, too. Then they are in use, and empty by now. */
    if (RelationGetNumberOfBlocks(counts) == 0) {
        table_close(counts, NoLock);
        return;
    }
    CheckTableNotInUse(counts, "TRUNCATE");
    List *const explicit_rels = list_make1(counts);
    List *const relids = list_make1_oid(RelationGetRelid(counts));
    List *const relids_logged = RelationIsLogicallyLogged(counts) ? relids : NIL;
#if PG_VERSION_NUM >= 160000
    ExecuteTruncateGuts(explicit_rels, relids, relids_logged, DROP_RESTRICT, false, false);
#else
    ExecuteTruncateGuts(explicit_rels, relids, relids_logged, DROP_RESTRICT, false);
#endif
    table_close(counts, NoLock);
}

} // namespace analytics::pg
