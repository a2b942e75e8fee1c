#include "window_counts.hpp"

#include "../border/owned.hpp"
#include "../border/saved_statement.hpp"
#include "../border/text.hpp"
#include "agreement.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/rls.h"
}

namespace analytics::pg {
namespace {

using Planned = SavedStatement::Planned;

SavedStatement totals_bags{"SELECT hour, cells FROM %sanalytics_rollup_totals "
                           "WHERE hour OPERATOR(pg_catalog.>=) $1 AND hour OPERATOR(pg_catalog.<) $2",
                           Planned::once,
                           {TIMESTAMPTZOID, TIMESTAMPTZOID}};

SavedStatement tenants_bags{"SELECT hour, cells FROM %sanalytics_rollup_tenants "
                            "WHERE hour OPERATOR(pg_catalog.>=) $1 AND hour OPERATOR(pg_catalog.<) $2",
                            Planned::once,
                            {TIMESTAMPTZOID, TIMESTAMPTZOID}};

SavedStatement one_tenants_bags{"SELECT hour, cells FROM %sanalytics_rollup_tenants "
                                "WHERE hour OPERATOR(pg_catalog.>=) $1 AND hour OPERATOR(pg_catalog.<) $2 "
                                "AND tenant_id OPERATOR(pg_catalog.=) $3",
                                Planned::once,
                                {TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID}};

SavedStatement events_between{"SELECT occurred_at, event_type FROM %sanalytics_events "
                              "WHERE occurred_at OPERATOR(pg_catalog.>=) $1 AND occurred_at OPERATOR(pg_catalog.<) $2 "
                              "AND ($3 IS NULL OR tenant_id OPERATOR(pg_catalog.=) $3)",
                              Planned::each_time,
                              {TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID}};

/* Whether the caller may read the whole relation, or, restricted, the rows that its policies show. */
enum class Access : std::uint8_t { none, restricted, whole };

Access access_to(Oid relation)
{
    if (pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) != ACLCHECK_OK) return Access::none;
    return check_enable_rls(relation, InvalidOid, true) == RLS_ENABLED ? Access::restricted : Access::whole;
}

void check(const core::WindowCounter &counter, const char *to_blame)
{
    if (to_blame != nullptr && counter.counts_met() > most_counts)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("%s makes more than %d counts by bucket and event type", to_blame, most_counts),
                        errhint("Ask for longer buckets, a shorter window, or one event type.")));
}

struct BagsReader {
    static constexpr ReadColumn columns[] = {{"hour", TIMESTAMPTZOID}, {"cells", BYTEAOID}};

    core::WindowCounter *counter;
    const char *to_blame;

    bool receive(TupleTableSlot *row) const
    {
        const std::int64_t hour = DatumGetTimestampTz(row->tts_values[0]) / core::micros_per_hour;
        with_bytes(row->tts_values[1],
                   [&](std::string_view cells) { guarded([&] { counter->add_bag(hour, cells); }); });
        check(*counter, to_blame);
        return true;
    }
};

struct EventsReader {
    static constexpr ReadColumn columns[] = {{"occurred_at", TIMESTAMPTZOID}, {"event_type", TEXTOID}};

    core::WindowCounter *counter;
    const char *to_blame;
    std::span<const core::Slice> run;

    bool receive(TupleTableSlot *row) const
    {
        const TimestampTz occurred_at = DatumGetTimestampTz(row->tts_values[0]);
        with_bytes(row->tts_values[1],
                   [&](std::string_view type) { guarded([&] { counter->add_event(run, occurred_at, type); }); });
        check(*counter, to_blame);
        return true;
    }
};

SavedStatement &bags_of(CountSource source)
{
    return source == CountSource::totals    ? totals_bags
           : source == CountSource::tenants ? tenants_bags
                                            : one_tenants_bags;
}

void add_bags(const ExtensionSchema &schema, CountSource source, const WindowQuestion &question,
              core::WindowCounter *counter)
{
    const std::vector<core::Span> &spans = counter->plan().spans;
    if (spans.empty()) return;
    BagsReader reader{counter, question.to_blame};
    bags_of(source).run(schema,
                        {given(TimestampTzGetDatum(core::hour_of(spans.front().start * core::micros_per_minute))),
                         given(TimestampTzGetDatum(spans.back().end * core::micros_per_minute)), question.tenant},
                        RowReceiver{reader});
}

void add_run(const ExtensionSchema &schema, const WindowQuestion &question, core::WindowCounter *counter,
             std::span<const core::Slice> run)
{
    EventsReader reader{counter, question.to_blame, run};
    events_between.run(
        schema,
        {given(TimestampTzGetDatum(run.front().start)), given(TimestampTzGetDatum(run.back().end)), question.tenant},
        RowReceiver{reader});
}

void add_events(const ExtensionSchema &schema, const WindowQuestion &question, core::WindowCounter *counter)
{
    core::for_each_run(counter->plan().slices,
                       [&](std::span<const core::Slice> run) { add_run(schema, question, counter, run); });
}

/* Events at -infinity are in no minute, and so in no bag. */
void add_beginning(const ExtensionSchema &schema, const WindowQuestion &question, core::WindowCounter *counter)
{
    if (question.beginning == core::no_bucket) return;
    const core::Slice slice{DT_NOBEGIN, MIN_TIMESTAMP, question.beginning, core::no_bucket};
    add_run(schema, question, counter, {&slice, 1});
}

} // namespace

NullableDatum tenant_argument(FunctionCallInfo fcinfo, int argument)
{
    if (PG_ARGISNULL(argument)) return null_datum;
    return given(PointerGetDatum(PG_GETARG_TEXT_PP(argument)));
}

CountSource source_for_caller(const ExtensionSchema &schema, const NullableDatum &tenant)
{
    if (!bags_agree(schema)) return CountSource::events;
    const Oid events = relation_in(schema, "analytics_events");
    const Access tenants = access_to(relation_in(schema, "analytics_rollup_tenants"));
    const CountSource bags = tenant.isnull ? CountSource::tenants : CountSource::one_tenant;
    if (check_enable_rls(events, InvalidOid, true) == RLS_ENABLED)
        return tenants == Access::restricted ? bags : CountSource::events;
    if (!tenant.isnull) return tenants == Access::whole ? bags : CountSource::events;
    return access_to(relation_in(schema, "analytics_rollup_totals")) == Access::whole ? CountSource::totals
                                                                                      : CountSource::events;
}

core::WindowCounter *count_windows(const ExtensionSchema &schema, MemoryContext context, const WindowQuestion &question)
{
    const CountSource source = source_for_caller(schema, question.tenant);
    auto *const counter = make_owned<core::WindowCounter>(
        context, std::span<const core::Instant>{question.bounds, static_cast<std::size_t>(question.count)},
        source == CountSource::events ? core::plan_from_events : core::plan_with_bags, question.type);
    SPI_connect();
    add_bags(schema, source, question, counter);
    add_events(schema, question, counter);
    add_beginning(schema, question, counter);
    SPI_finish();
    guarded([&] { counter->finish(); });
    return counter;
}

} // namespace analytics::pg
