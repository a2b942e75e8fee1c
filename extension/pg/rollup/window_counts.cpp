#include "window_counts.hpp"

#include "../border/owned.hpp"
#include "../border/saved_statement.hpp"
#include "../border/text.hpp"
#include "agreement.hpp"

extern "C" {
#include "access/heaptoast.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
}

namespace analytics::pg {
namespace {

using Planned = SavedStatement::Planned;

/* A query of bags. Tables of 0.1.0 have no column for the seconds. */
struct BagQuery {
    const char *table = nullptr;
    SavedStatement statement;
    SavedStatement without_seconds;
};

BagQuery totals_bags{"analytics_rollup_totals",
                     {"SELECT hour, cells, seconds FROM %sanalytics_rollup_totals "
                      "WHERE hour OPERATOR(pg_catalog.>=) $1 AND hour OPERATOR(pg_catalog.<) $2",
                      Planned::once,
                      {TIMESTAMPTZOID, TIMESTAMPTZOID}},
                     {"SELECT hour, cells, NULL::pg_catalog.bytea FROM %sanalytics_rollup_totals "
                      "WHERE hour OPERATOR(pg_catalog.>=) $1 AND hour OPERATOR(pg_catalog.<) $2",
                      Planned::once,
                      {TIMESTAMPTZOID, TIMESTAMPTZOID}}};

BagQuery tenants_bags{"analytics_rollup_tenants",
                      {"SELECT hour, cells, seconds FROM %sanalytics_rollup_tenants "
                       "WHERE hour OPERATOR(pg_catalog.>=) $1 AND hour OPERATOR(pg_catalog.<) $2",
                       Planned::once,
                       {TIMESTAMPTZOID, TIMESTAMPTZOID}},
                      {"SELECT hour, cells, NULL::pg_catalog.bytea FROM %sanalytics_rollup_tenants "
                       "WHERE hour OPERATOR(pg_catalog.>=) $1 AND hour OPERATOR(pg_catalog.<) $2",
                       Planned::once,
                       {TIMESTAMPTZOID, TIMESTAMPTZOID}}};

BagQuery one_tenants_bags{"analytics_rollup_tenants",
                          {"SELECT hour, cells, seconds FROM %sanalytics_rollup_tenants "
                           "WHERE hour OPERATOR(pg_catalog.>=) $1 AND hour OPERATOR(pg_catalog.<) $2 "
                           "AND tenant_id OPERATOR(pg_catalog.=) $3",
                           Planned::once,
                           {TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID}},
                          {"SELECT hour, cells, NULL::pg_catalog.bytea FROM %sanalytics_rollup_tenants "
                           "WHERE hour OPERATOR(pg_catalog.>=) $1 AND hour OPERATOR(pg_catalog.<) $2 "
                           "AND tenant_id OPERATOR(pg_catalog.=) $3",
                           Planned::once,
                           {TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID}}};

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

/* How much of the seconds is read first: what is stored apart is in pieces of about this size, and the first one
 * mostly has the whole head. */
constexpr std::size_t first_slice = TOAST_MAX_CHUNK_SIZE;

struct BagsReader {
    static constexpr ReadColumn columns[] = {
        {"hour", TIMESTAMPTZOID}, {"cells", BYTEAOID}, {"seconds", BYTEAOID, Nulls::allowed}};

    core::WindowCounter *counter;
    const char *to_blame;

    bool receive(TupleTableSlot *row) const
    {
        const std::int64_t hour = DatumGetTimestampTz(row->tts_values[0]) / core::micros_per_hour;
        with_bytes(row->tts_values[1],
                   [&](std::string_view cells) { guarded([&] { counter->add_bag(hour, cells); }); });
        if (counter->wants_seconds(hour)) {
            if (row->tts_isnull[2])
                counter->miss_seconds(hour);
            else
                add_seconds(hour, row->tts_values[2]);
        }
        check(*counter, to_blame);
        return true;
    }

private:
    void add_seconds(std::int64_t hour, Datum seconds) const
    {
        const std::size_t size = size_of(seconds);
        with_slice(seconds, 0, first_slice, [&](std::string_view first) {
            const std::size_t head = guarded([&] { return core::SecondsHead::bytes_of(first, size); });
            if (head <= first.size()) return add_parts(hour, seconds, size, first);
            with_slice(seconds, 0, head, [&](std::string_view whole) { add_parts(hour, seconds, size, whole); });
        });
    }

    void add_parts(std::int64_t hour, Datum seconds, std::size_t size, std::string_view head) const
    {
        const auto [start, end] = guarded([&] { return counter->wanted_bytes(hour, core::SecondsHead{head, size}); });
        with_slice(seconds, start, end - start, [&](std::string_view parts) {
            guarded([&] { counter->add_seconds(hour, core::SecondsHead{head, size}, parts); });
        });
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

SavedStatement &bags_of(const ExtensionSchema &schema, CountSource source)
{
    BagQuery &query = source == CountSource::totals    ? totals_bags
                      : source == CountSource::tenants ? tenants_bags
                                                       : one_tenants_bags;
    const bool has_seconds = get_attnum(relation_in(schema, query.table), "seconds") != InvalidAttrNumber;
    return has_seconds ? query.statement : query.without_seconds;
}

void add_bags(const ExtensionSchema &schema, CountSource source, const WindowQuestion &question,
              core::WindowCounter *counter)
{
    const auto [start, end] = counter->hours();
    if (start == end) return;
    BagsReader reader{counter, question.to_blame};
    bags_of(schema, source)
        .run(schema,
             {given(TimestampTzGetDatum(start * core::micros_per_hour)),
              given(TimestampTzGetDatum(end * core::micros_per_hour)), question.tenant},
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
    const std::vector<core::Slice> &slices = *guarded([&] { return &counter->decide(); });
    core::for_each_run(slices, [&](std::span<const core::Slice> run) { add_run(schema, question, counter, run); });
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
        source == CountSource::events ? core::CountFrom::events : core::CountFrom::bags, question.type);
    SPI_connect();
    add_bags(schema, source, question, counter);
    add_events(schema, question, counter);
    add_beginning(schema, question, counter);
    SPI_finish();
    guarded([&] { counter->finish(); });
    return counter;
}

} // namespace analytics::pg
