#include "projection_query.hpp"

#include "boundary.hpp"
#include "text.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "utils/array.h"
}

#include <utility>

namespace analytics::pg {
namespace {

KeptQuery events_query{"SELECT occurred_at, tenant_id::text, payload FROM %sanalytics_events "
                       "WHERE occurred_at OPERATOR(pg_catalog.>=) $1 AND occurred_at OPERATOR(pg_catalog.<) $2 "
                       "AND ($3 IS NULL OR event_type::text OPERATOR(pg_catalog.=) ANY ($3))"};

KeptQuery tenants_events_query{"SELECT occurred_at, tenant_id::text, payload FROM %sanalytics_events "
                               "WHERE occurred_at OPERATOR(pg_catalog.>=) $1 AND occurred_at OPERATOR(pg_catalog.<) $2 "
                               "AND ($3 IS NULL OR event_type::text OPERATOR(pg_catalog.=) ANY ($3)) "
                               "AND (tenant_id::text OPERATOR(pg_catalog.=) $4 OR (tenant_id IS NULL AND $4 IS NULL))"};

KeptQuery bags_query{"SELECT bucket_start, tenant_id::text, cells FROM %sanalytics_projection_bags "
                     "WHERE projection OPERATOR(pg_catalog.=) $1 "
                     "AND bucket_start OPERATOR(pg_catalog.>=) $2 AND bucket_start OPERATOR(pg_catalog.<) $3"};

std::optional<std::string_view> tenant_in(TupleTableSlot *slot, int column)
{
    if (slot->tts_isnull[column]) return std::nullopt;
    return bytes_of(slot->tts_values[column]);
}

} // namespace

ProjectionQuery::ProjectionQuery(const Home &home, std::shared_ptr<const ProjectionRules> rules,
                                 const ProjectionRule &rule, MemoryContext scratch)
    : home_(home), rules_(std::move(rules)), rule_(rule), observer_(rule.projection), scratch_(scratch)
{
}

ProjectionGroups &ProjectionQuery::events(TimestampTz start, TimestampTz end)
{
    return ask<&ProjectionQuery::receive_event>(
        events_query,
        {{TIMESTAMPTZOID, TimestampTzGetDatum(start)}, {TIMESTAMPTZOID, TimestampTzGetDatum(end)}, event_types()});
}

ProjectionGroups &ProjectionQuery::events_of_tenant(TimestampTz start, TimestampTz end,
                                                    std::optional<std::string_view> tenant)
{
    return ask<&ProjectionQuery::receive_event>(tenants_events_query,
                                                {{TIMESTAMPTZOID, TimestampTzGetDatum(start)},
                                                 {TIMESTAMPTZOID, TimestampTzGetDatum(end)},
                                                 event_types(),
                                                 {TEXTOID, tenant ? text_of(*tenant) : Datum{0}, !tenant}});
}

ProjectionGroups &ProjectionQuery::bags(TimestampTz start, TimestampTz end)
{
    return ask<&ProjectionQuery::receive_bag>(bags_query, {{INT4OID, Int32GetDatum(rule_.id)},
                                                           {TIMESTAMPTZOID, TimestampTzGetDatum(start)},
                                                           {TIMESTAMPTZOID, TimestampTzGetDatum(end)}});
}

template <ProjectionQuery::Receive receive>
ProjectionGroups &ProjectionQuery::ask(KeptQuery &query, std::initializer_list<Parameter> parameters)
{
    groups_.clear();
    Receiver receiver{};
    receiver.base.receiveSlot = [](TupleTableSlot *slot, DestReceiver *self) {
        ProjectionQuery *const query = reinterpret_cast<Receiver *>(self)->query;
        slot_getallattrs(slot);
        const MemoryContext outer = MemoryContextSwitchTo(query->scratch_);
        (query->*receive)(slot);
        MemoryContextSwitchTo(outer);
        MemoryContextReset(query->scratch_);
        return true;
    };
    receiver.base.rStartup = [](DestReceiver *, int, TupleDesc) {};
    receiver.base.rShutdown = [](DestReceiver *) {};
    receiver.base.rDestroy = [](DestReceiver *) {};
    receiver.base.mydest = DestNone;
    receiver.query = this;
    query.run(home_, parameters, &receiver.base);
    return groups_;
}

void ProjectionQuery::receive_event(TupleTableSlot *slot)
{
    const TimestampTz occurred_at = DatumGetTimestampTz(slot->tts_values[0]);
    const core::Observation &event = observer_.look(slot->tts_values[2]);
    const std::optional<std::string_view> tenant = tenant_in(slot, 1);
    guarded([&] { cells_of(rule_.bucket_start(occurred_at), tenant).record(event, 1); });
}

void ProjectionQuery::receive_bag(TupleTableSlot *slot)
{
    const TimestampTz bucket_start = DatumGetTimestampTz(slot->tts_values[0]);
    const std::string_view bag = bytes_of(slot->tts_values[2]);
    const std::optional<std::string_view> tenant = tenant_in(slot, 1);
    guarded([&] { cells_of(bucket_start, tenant).merge(bag); });
}

core::Cells &ProjectionQuery::cells_of(TimestampTz bucket_start, std::optional<std::string_view> tenant)
{
    return groups_
        .try_emplace({bucket_start, Tenant{tenant}}, core::Cells{rule_.projection.measures.size(), rule_.max_groups})
        .first->second;
}

Parameter ProjectionQuery::event_types() const
{
    if (rule_.of_every_type) return {TEXTARRAYOID, Datum{0}, true};
    const int count = static_cast<int>(rule_.event_types.size());
    auto *const types = static_cast<Datum *>(palloc(sizeof(Datum) * rule_.event_types.size()));
    for (int i = 0; i < count; ++i) types[i] = text_of(rule_.event_types[static_cast<std::size_t>(i)]);
    return {TEXTARRAYOID, PointerGetDatum(construct_array(types, count, TEXTOID, -1, false, TYPALIGN_INT))};
}

} // namespace analytics::pg
