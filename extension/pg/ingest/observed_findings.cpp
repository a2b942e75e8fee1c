#include "observed_findings.hpp"

#include "../../core/count.hpp"
#include "../border/boundary.hpp"
#include "../border/text.hpp"
#include "../rollup/bags.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"
}

#include <algorithm>

namespace analytics::pg {
namespace {

/* Few, because a reader adds up the bags of all findings. */
constexpr int bags_to_fold = 4;

namespace column {
enum : std::uint8_t { event_type, version, pointer, keyword, count, first_seen, last_seen };
} // namespace column

constexpr ReadColumn columns[] = {{"event_type", TEXTOID},      {"version", INT4OID}, {"pointer", TEXTOID},
                                  {"keyword", TEXTOID},         {"count", INT8OID},   {"first_seen", TIMESTAMPTZOID},
                                  {"last_seen", TIMESTAMPTZOID}};

struct Sum {
    std::int64_t count;
    TimestampTz first_seen, last_seen;
};

/* Not under SERIALIZABLE: two writers that read each other's bags would fail. */
bool may_fold(std::uint32_t number)
{
    return !IsolationIsSerializable() && is_time_to_fold(number, nullptr);
}

/* Takes the bags of a finding, if there are many, into the sum. */
void fold(Bags &bags, const BagKey &key, Sum &sum)
{
    if (!bags.are_many(key, bags_to_fold)) return;
    bags.take(key);
    while (const HeapTuple bag = bags.next_taken()) {
        bool is_null = false;
        const std::int64_t more = DatumGetInt64(bags.value(bag, column::count, &is_null));
        sum.count = guarded([&] { return core::sum_of(sum.count, more); });
        sum.first_seen = std::min(sum.first_seen, DatumGetTimestampTz(bags.value(bag, column::first_seen, &is_null)));
        sum.last_seen = std::max(sum.last_seen, DatumGetTimestampTz(bags.value(bag, column::last_seen, &is_null)));
    }
}

} // namespace

void ObservedFindings::add(const core::Verdict &verdict, std::int32_t item)
{
    const core::schema::Finding &finding = verdict.violation->finding;
    Key key{verdict.event_type, verdict.violation->version, finding.pointer, finding.keyword};
    items_.push_back({item, &counts_[std::move(key)]});
}

void ObservedFindings::count(std::int32_t item) noexcept
{
    const auto found = std::lower_bound(items_.begin(), items_.end(), item,
                                        [](const Item &one, std::int32_t wanted) { return one.item < wanted; });
    if (found != items_.end() && found->item == item) ++*found->count;
}

void ObservedFindings::write(const ExtensionSchema &schema, TimestampTz seen_at)
{
    const MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "analytics contract findings", ALLOCSET_DEFAULT_SIZES);
    const MemoryContext outer = MemoryContextSwitchTo(context);
    Bags bags{schema, "analytics_contract_finding_counts", "analytics_contract_finding_counts_key", columns};
    std::uint32_t place = 0;
    for (const auto &[key, number] : counts_) {
        CHECK_FOR_INTERRUPTS();
        if (number == 0) continue;
        Datum values[] = {text_of(std::get<column::event_type>(key)),
                          Int32GetDatum(std::get<column::version>(key)),
                          text_of(std::get<column::pointer>(key)),
                          text_of(std::get<column::keyword>(key)),
                          {},
                          {},
                          {}};
        BagKey bag_key{bags};
        bag_key.add(column::event_type, F_TEXTEQ, values[column::event_type]);
        bag_key.add(column::version, F_INT4EQ, values[column::version]);
        bag_key.add(column::pointer, F_TEXTEQ, values[column::pointer]);
        bag_key.add(column::keyword, F_TEXTEQ, values[column::keyword]);
        Sum sum{number, seen_at, seen_at};
        if (may_fold(place++)) fold(bags, bag_key, sum);
        values[column::count] = Int64GetDatum(sum.count);
        values[column::first_seen] = TimestampTzGetDatum(sum.first_seen);
        values[column::last_seen] = TimestampTzGetDatum(sum.last_seen);
        const bool nulls[std::size(values)] = {};
        bags.append(values, nulls);
    }
    bags.close();
    MemoryContextSwitchTo(outer);
    MemoryContextDelete(context);
}

} // namespace analytics::pg
