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

SavedStatement all_events{"SELECT occurred_at, event_type FROM %sanalytics_events "
                          "WHERE occurred_at OPERATOR(pg_catalog.>=) $1 AND occurred_at OPERATOR(pg_catalog.<) $2",
                          Planned::each_time,
                          {TIMESTAMPTZOID, TIMESTAMPTZOID}};

SavedStatement one_tenants_events{
    "SELECT occurred_at, event_type FROM %sanalytics_events "
    "WHERE occurred_at OPERATOR(pg_catalog.>=) $1 AND occurred_at OPERATOR(pg_catalog.<) $2 "
    "AND tenant_id OPERATOR(pg_catalog.=) $3",
    Planned::each_time,
    {TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID}};

/* Whether the caller may read the whole relation, or, restricted, the part that its policies let through. */
enum class Access : std::uint8_t { none, restricted, whole };

Access access_to(Oid relation)
{
    if (pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) != ACLCHECK_OK) return Access::none;
    return check_enable_rls(relation, InvalidOid, true) == RLS_ENABLED ? Access::restricted : Access::whole;
}

void check(const core::WindowCounter &counter, const char *to_blame)
{
    if (to_blame != nullptr && counter.cells_met() > most_counts)
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

SavedStatement &bags_of(Source source)
{
    return source == Source::totals ? totals_bags : source == Source::tenants ? tenants_bags : one_tenants_bags;
}

void pour_bags(const Home &home, Source source, const WindowQuestion &question, core::WindowCounter *counter)
{
    const std::vector<core::Span> &spans = counter->plan().spans;
    if (spans.empty()) return;
    const Datum values[] = {TimestampTzGetDatum(core::hour_of(spans.front().start * core::micros_per_minute)),
                            TimestampTzGetDatum(spans.back().end * core::micros_per_minute), question.tenant.id};
    BagsReader reader{counter, question.to_blame};
    bags_of(source).run(home, values, nullptr, RowReceiver{reader});
}

void pour_run(const Home &home, const WindowQuestion &question, core::WindowCounter *counter,
              std::span<const core::Slice> run)
{
    const Datum values[] = {TimestampTzGetDatum(run.front().start), TimestampTzGetDatum(run.back().end),
                            question.tenant.id};
    EventsReader reader{counter, question.to_blame, run};
    (question.tenant.any ? all_events : one_tenants_events).run(home, values, nullptr, RowReceiver{reader});
}

void pour_events(const Home &home, const WindowQuestion &question, core::WindowCounter *counter)
{
    core::for_each_run(counter->plan().slices,
                       [&](std::span<const core::Slice> run) { pour_run(home, question, counter, run); });
}

/* Events before all time are in no minute, and so in no bag. */
void pour_beginning(const Home &home, const WindowQuestion &question, core::WindowCounter *counter)
{
    if (question.beginning == core::no_bucket) return;
    const core::Slice slice{DT_NOBEGIN, MIN_TIMESTAMP, question.beginning, core::no_bucket};
    pour_run(home, question, counter, {&slice, 1});
}

} // namespace

TenantArgument tenant_argument(FunctionCallInfo fcinfo, int argument)
{
    if (PG_ARGISNULL(argument)) return {Datum{0}, true};
    return {PointerGetDatum(PG_GETARG_TEXT_PP(argument)), false};
}

Source source_for_caller(const Home &home, const TenantArgument &tenant)
{
    if (!bags_agree(home)) return Source::events;
    const Oid events = relation_at(home, "analytics_events");
    const Access tenants = access_to(relation_at(home, "analytics_rollup_tenants"));
    const Source bags = tenant.any ? Source::tenants : Source::one_tenant;
    if (check_enable_rls(events, InvalidOid, true) == RLS_ENABLED)
        return tenants == Access::restricted ? bags : Source::events;
    if (!tenant.any) return tenants == Access::whole ? bags : Source::events;
    return access_to(relation_at(home, "analytics_rollup_totals")) == Access::whole ? Source::totals : Source::events;
}

core::WindowCounter *count_windows(const Home &home, MemoryContext context, const WindowQuestion &question)
{
    const Source source = source_for_caller(home, question.tenant);
    auto *const counter = make_owned<core::WindowCounter>(
        context, std::span<const core::Instant>{question.bounds, static_cast<std::size_t>(question.count)},
        source == Source::events ? core::plan_from_events : core::plan_with_bags, question.type);
    SPI_connect();
    pour_bags(home, source, question, counter);
    pour_events(home, question, counter);
    pour_beginning(home, question, counter);
    SPI_finish();
    guarded([&] { counter->finish(); });
    return counter;
}

} // namespace analytics::pg
