/* The functions that ingest a batch: analytics_ingest, _analytics_ingest_batch for Kafka, _analytics_ingest_again for a
 * replay, analytics_record_each. */

#include "../border/arguments.hpp"
#include "../border/boundary.hpp"
#include "../border/result_set.hpp"
#include "../ingest/batch.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/spi.h"
}

namespace analytics::pg {
namespace {

void require_length(const Elements &elements, const Elements &records, const char *name)
{
    if (elements.count != records.count)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("\"%s\" must be as long as \"records\"", name),
                        errdetail("It has %d elements, records has %d.", elements.count, records.count)));
}

Elements optional_elements_of(FunctionCallInfo fcinfo, int argument, const Elements &records, const char *name)
{
    const Elements elements = elements_of(fcinfo, argument);
    if (!PG_ARGISNULL(argument)) require_length(elements, records, name);
    return elements;
}

/* Stores a batch. SPI is connected afterwards, for statements of the caller. */
void run(Batch &batch, Rejection rejection)
{
    batch.normalize();
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "could not connect to SPI");
    batch.assign_times();
    batch.store(rejection);
}

void put_counts(const Counts &counts, Datum *values)
{
    values[0] = Int64GetDatum(counts.stored);
    values[1] = Int64GetDatum(counts.duplicates);
    values[2] = Int64GetDatum(counts.dead_lettered);
    values[3] = Int64GetDatum(counts.skipped);
}

struct RefusalsReader {
    static constexpr ReadColumn columns[] = {{"refusals", JSONBOID}};

    Datum refusals = 0; // outlives the SPI connection

    bool receive(TupleTableSlot *row)
    {
        refusals = SPI_datumTransfer(row->tts_values[0], false, -1);
        return false;
    }
};

/* The refusals, a JSON object for each reason; null without any. */
Datum refusals_of(const Batch &batch, bool *is_null)
{
    *is_null = batch.refused().count() == 0;
    if (*is_null) return {};
    RefusalsReader reader;
    RowReceiver receiver{reader};
    run_statement(
        batch.schema(),
        "SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('reason', reason, 'count', count, "
        "'firstOffset', first_offset, 'lastOffset', last_offset, 'detail', detail) ORDER BY first_offset) FROM ("
        "SELECT reason, pg_catalog.count(*) AS count, pg_catalog.min(\"offset\") AS first_offset, "
        "pg_catalog.max(\"offset\") AS last_offset, (pg_catalog.array_agg(CASE WHEN reason OPERATOR(pg_catalog.=) "
        "'rejected' "
        "THEN pg_catalog.left(detail, 5) ELSE detail END ORDER BY item))[1] AS detail "
        "FROM refused GROUP BY reason) AS by_reason",
        &receiver);
    return reader.refusals;
}

/* (item, stored, occurred_at, id) of each row that was stored or is a duplicate, with the key under which it is
 * stored. */
NamedRows accepted_rows(const Batch &batch)
{
    NamedRows accepted{
        "accepted",
        description_of({{"item", INT4OID}, {"stored", BOOLOID}, {"occurred_at", TIMESTAMPTZOID}, {"id", UUIDOID}}),
        static_cast<std::size_t>(batch.accepted()) * sizeof(Row)};
    for (const Row *row = batch.rows(); row != batch.rows() + batch.accepted(); ++row) {
        const bool is_stored = row->outcome == Outcome::stored;
        if (!is_stored && row->outcome != Outcome::duplicate) continue;
        const Key key = batch.key_of(*row);
        Datum values[] = {Int32GetDatum(row->item), BoolGetDatum(is_stored), TimestampTzGetDatum(key.occurred_at),
                          PointerGetDatum(key.id.data())};
        bool nulls[] = {false, false, false, false};
        accepted.put(values, nulls);
    }
    return accepted;
}

/* Stores a batch, and returns the rows of a statement over "accepted" and "refused". */
void answer_each(ResultSet &result, Batch &batch, Rejection rejection, const char *statement)
{
    run(batch, rejection);

    ResultSetReader reader{result};
    RowReceiver receiver{reader};
    NamedRows accepted = accepted_rows(batch);
    accepted.show();
    batch.refused().show();
    run_statement(batch.schema(), statement, &receiver);
    accepted.end();
    SPI_finish();
    batch.finish();
}

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_ingest)
{
    using namespace analytics::pg;
    const TupleDesc type = result_type(fcinfo);
    Batch batch{schema_of(fcinfo), elements_of(fcinfo, 0), Origin{}};
    run(batch, Rejection::kept);
    batch.keep_refused();
    SPI_finish();

    Datum values[4];
    bool nulls[4] = {};
    put_counts(batch.counts(), values);
    batch.finish();
    return row_of(type, values, nulls);
}

ANALYTICS_FUNCTION(analytics_ingest_batch)
{
    using namespace analytics::pg;
    enum : int {
        topic_argument,
        partition_argument,
        records_argument,
        offsets_argument,
        keys_argument,
        timestamps_argument,
        headers_argument
    };
    for (const int required :
         {int{topic_argument}, int{partition_argument}, int{records_argument}, int{offsets_argument}})
        if (PG_ARGISNULL(required))
            ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                            errmsg("topic, partition, records and offsets must not be null")));

    const TupleDesc type = result_type(fcinfo);
    const Elements records = elements_of(fcinfo, records_argument);
    Origin origin{};
    origin.topic = PG_GETARG_TEXT_PP(topic_argument);
    origin.partition = PG_GETARG_INT32(partition_argument);
    origin.offsets = elements_of(fcinfo, offsets_argument);
    require_length(origin.offsets, records, "offsets");
    origin.keys = optional_elements_of(fcinfo, keys_argument, records, "keys");
    origin.timestamps = optional_elements_of(fcinfo, timestamps_argument, records, "timestamps");
    origin.headers = optional_elements_of(fcinfo, headers_argument, records, "headers");

    Batch batch{schema_of(fcinfo), records, origin};
    run(batch, Rejection::kept);
    batch.keep_refused();
    Datum values[5];
    bool nulls[5] = {};
    put_counts(batch.counts(), values);
    values[4] = refusals_of(batch, &nulls[4]);
    SPI_finish();
    batch.finish();
    return row_of(type, values, nulls);
}

ANALYTICS_FUNCTION(analytics_ingest_again)
{
    using namespace analytics::pg;
    ResultSet result{fcinfo};
    const Elements records = elements_of(fcinfo, 0);
    Origin origin{};
    origin.received = elements_of(fcinfo, 1);
    require_length(origin.received, records, "received_at");
    Batch batch{schema_of(fcinfo), records, origin};
    answer_each(result, batch, Rejection::kept,
                "SELECT item, CASE WHEN stored THEN 'stored' ELSE 'duplicate' END, NULL, NULL FROM accepted "
                "UNION ALL SELECT item, 'refused', reason, detail FROM refused");
    return {};
}

ANALYTICS_FUNCTION(analytics_record_each)
{
    using namespace analytics::pg;
    ResultSet result{fcinfo};
    Batch batch{schema_of(fcinfo), elements_of(fcinfo, 0), Origin{}};
    answer_each(result, batch, Rejection::raised,
                "SELECT r.item, CASE WHEN r.outcome OPERATOR(pg_catalog.=) 'stored' AND e.id IS NULL THEN 'dropped' "
                "ELSE r.outcome END, e.id, e.event_type, e.source, e.occurred_at, e.ingested_at, e.tenant_id, "
                "e.payload, r.reason, r.detail FROM ("
                "SELECT item, CASE WHEN stored THEN 'stored' ELSE 'duplicate' END AS outcome, id, occurred_at, "
                "NULL AS reason, NULL AS detail FROM accepted UNION ALL "
                "SELECT item, CASE WHEN reason OPERATOR(pg_catalog.=) 'dropped' THEN 'dropped' ELSE 'refused' END, "
                "NULL, NULL, reason, detail FROM refused) AS r "
                "LEFT JOIN LATERAL (SELECT id, event_type::pg_catalog.text, source::pg_catalog.text, occurred_at, "
                "ingested_at, tenant_id::pg_catalog.text, payload "
                "FROM %sanalytics_events AS s WHERE s.occurred_at OPERATOR(pg_catalog.=) r.occurred_at "
                "AND s.id OPERATOR(pg_catalog.=) r.id OFFSET 0) AS e ON true ORDER BY r.item");
    return {};
}
