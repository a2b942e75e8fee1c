#include "query.hpp"

#include "../border/boundary.hpp"
#include "../border/text.hpp"
#include "../border/times.hpp"
#include "view_rows.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
}

#include <algorithm>
#include <utility>

namespace analytics::pg {
namespace {

using Planned = SavedStatement::Planned;

SavedStatement events_query{"SELECT occurred_at, tenant_id, event_type, payload FROM %sanalytics_events "
                            "WHERE occurred_at OPERATOR(pg_catalog.>=) $1 AND occurred_at OPERATOR(pg_catalog.<) $2 "
                            "AND ($3 IS NULL OR event_type::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($3))",
                            Planned::once,
                            {TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTARRAYOID}};

SavedStatement tenants_events_query{
    "SELECT occurred_at, tenant_id, event_type, payload FROM %sanalytics_events "
    "WHERE occurred_at OPERATOR(pg_catalog.>=) $1 AND occurred_at OPERATOR(pg_catalog.<) $2 "
    "AND ($3 IS NULL OR event_type::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($3)) "
    "AND (tenant_id::pg_catalog.text OPERATOR(pg_catalog.=) $4 OR (tenant_id IS NULL AND $4 IS NULL))",
    Planned::once,
    {TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTARRAYOID, TEXTOID}};

SavedStatement bags_query{"SELECT bucket_start, tenant_id, cells FROM %sanalytics_projection_bags "
                          "WHERE projection OPERATOR(pg_catalog.=) $1 "
                          "AND bucket_start OPERATOR(pg_catalog.>=) $2 AND bucket_start OPERATOR(pg_catalog.<) $3",
                          Planned::once,
                          {INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID}};

/* The start and the end of a window, limited to the years 0001 to 9999: no projection has other events. */
NullableDatum start_value(TimestampTz start)
{
    return given(TimestampTzGetDatum(std::max(start, timestamptz_of(core::min_instant))));
}

NullableDatum end_value(TimestampTz end)
{
    return given(TimestampTzGetDatum(std::min(end, timestamptz_of(core::max_instant + 1))));
}

std::optional<std::string_view> tenant_in(TupleTableSlot *slot, int column)
{
    if (slot->tts_isnull[column]) return std::nullopt;
    return bytes_of(slot->tts_values[column]);
}

} // namespace

/* Readers of rows (row_receiver.hpp), which add to the groups. */
struct ProjectionQuery::EventsReader {
    static constexpr ReadColumn columns[] = {{"occurred_at", TIMESTAMPTZOID},
                                             {"tenant_id", TEXTOID, Nulls::allowed},
                                             {"event_type", TEXTOID},
                                             {"payload", JSONBOID}};

    ProjectionQuery &query;

    void take(TupleTableSlot *row) const
    {
        const TimestampTz occurred_at = DatumGetTimestampTz(row->tts_values[0]);
        const core::ProjectedEvent &event = query.reader_.read(bytes_of(row->tts_values[2]), row->tts_values[3]);
        const std::optional<std::string_view> tenant = tenant_in(row, 1);
        guarded([&] { query.cells_of(query.rule_.bucket_start(occurred_at), tenant).record(event, 1); });
    }

    bool receive(TupleTableSlot *row) { return query.taken(*this, row); }
};

struct ProjectionQuery::BagsReader {
    static constexpr ReadColumn columns[] = {
        {"bucket_start", TIMESTAMPTZOID}, {"tenant_id", TEXTOID, Nulls::allowed}, {"cells", BYTEAOID}};

    ProjectionQuery &query;

    void take(TupleTableSlot *row) const
    {
        const TimestampTz bucket_start = DatumGetTimestampTz(row->tts_values[0]);
        const std::string_view bag = bytes_of(row->tts_values[2]);
        const std::optional<std::string_view> tenant = tenant_in(row, 1);
        merge_bag(*guarded([&] { return &query.cells_of(bucket_start, tenant); }), bag);
    }

    bool receive(TupleTableSlot *row) { return query.taken(*this, row); }
};

ProjectionQuery::ProjectionQuery(MemoryContext context, const ExtensionSchema &schema,
                                 std::shared_ptr<const ProjectionRules> rules, const ProjectionRule &rule,
                                 MemoryContext scratch)
    : schema_(schema), rules_(std::move(rules)), rule_(rule), reader_(context, schema, rule), scratch_(scratch)
{
}

ProjectionGroups &ProjectionQuery::events(TimestampTz start, TimestampTz end)
{
    return ask<EventsReader>(events_query, {start_value(start), end_value(end), event_types()});
}

ProjectionGroups &ProjectionQuery::events_of_tenant(TimestampTz start, TimestampTz end,
                                                    std::optional<std::string_view> tenant)
{
    return ask<EventsReader>(tenants_events_query, {start_value(start), end_value(end), event_types(),
                                                    tenant ? given(text_of(*tenant)) : null_datum});
}

ProjectionGroups &ProjectionQuery::bags(TimestampTz start, TimestampTz end)
{
    return ask<BagsReader>(bags_query, {given(Int32GetDatum(rule_.id)), given(TimestampTzGetDatum(start)),
                                        given(TimestampTzGetDatum(end))});
}

template <class Reader>
ProjectionGroups &ProjectionQuery::ask(SavedStatement &query, std::initializer_list<NullableDatum> values)
{
    groups_.clear();
    Reader reader{*this};
    query.run(schema_, values, RowReceiver{reader});
    return groups_;
}

template <class Reader> bool ProjectionQuery::taken(const Reader &reader, TupleTableSlot *row)
{
    const MemoryContext outer = MemoryContextSwitchTo(scratch_);
    reader.take(row);
    MemoryContextSwitchTo(outer);
    MemoryContextReset(scratch_);
    return true;
}

core::Cells &ProjectionQuery::cells_of(TimestampTz bucket_start, std::optional<std::string_view> tenant)
{
    return groups_
        .try_emplace({bucket_start, Tenant{tenant}}, core::Cells{rule_.projection.measures.size(), rule_.max_groups})
        .first->second;
}

/* Null when the projection takes every type. */
NullableDatum ProjectionQuery::event_types() const
{
    if (rule_.of_every_type) return null_datum;
    const int count = static_cast<int>(rule_.event_types.size());
    auto *const types = static_cast<Datum *>(palloc(sizeof(Datum) * (rule_.event_types.size() + 1)));
    for (int i = 0; i < count; ++i) types[i] = text_of(rule_.event_types[static_cast<std::size_t>(i)]);
    return given(PointerGetDatum(construct_array(types, count, TEXTOID, -1, false, TYPALIGN_INT)));
}

} // namespace analytics::pg
