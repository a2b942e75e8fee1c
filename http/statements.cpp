#include "statements.hpp"

namespace analytics::http {

// One row more than asked for tells whether there is a next page. Of a key's tenant is asked by name, whatever tenant was asked
// for: the policies, which decide, would have all of the table or of that other tenant looked through for nothing.
const Statement recent{.name = "recent",
                       .sql = R"sql(
WITH page AS (
    SELECT e, row_number() OVER (ORDER BY e.occurred_at DESC, e.id DESC) AS place
    FROM analytics_recent("limit" => $1::int + 1,
                          before_occurred_at => timestamptz 'epoch' + ($2::text || ' microseconds')::interval,
                          before_id => $3::uuid, event_type => $5::text,
                          tenant_id => coalesce(nullif(current_setting('analytics_http.tenant', true), ''), $4::text)) AS e
    WHERE $4::text IS NULL OR e.tenant_id = $4::text
), answered AS (
    SELECT (p.e).*, analytics_event_json(p.e)::text AS item, p.place FROM page AS p WHERE p.place <= $1::int
)
SELECT '{"items":[' || coalesce(string_agg(a.item, ',' ORDER BY a.place), '') || '],"count":' || count(*) || '}',
       EXISTS (SELECT FROM page AS p WHERE p.place > $1::int),
       (extract(epoch FROM min(a.occurred_at)) * 1000000)::bigint,
       (array_agg(a.id ORDER BY a.place DESC))[1]
FROM answered AS a
)sql",
                       .is_read = true};

const Statement summary{.name = "summary",
                        .sql = R"sql(
SELECT s::text, (s - 'windowStart' - 'windowEnd')::text
FROM analytics_summary($1::int, coalesce(timestamptz 'epoch' + ($2::text || ' microseconds')::interval, now()),
                       $3::text) AS s
)sql",
                        .is_read = true};

const Statement event{.name = "event",
                      .sql = R"sql(
SELECT analytics_event_json(e)::text
FROM analytics_event(occurred_at => timestamptz 'epoch' + ($1::text || ' microseconds')::interval, id => $2::uuid) AS e
)sql",
                      .is_read = true};

const Statement histogram{.name = "histogram",
                          .sql = R"sql(
WITH asked AS MATERIALIZED (
    SELECT w.window_end, coalesce(timestamptz 'epoch' + ($1::text || ' microseconds')::interval,
                                  w.window_end - interval '1 day') AS window_start
    FROM (SELECT coalesce(timestamptz 'epoch' + ($2::text || ' microseconds')::interval, now())) AS w (window_end)
), buckets AS MATERIALIZED (
    SELECT h.bucket_start, sum(h.count) AS count,
           coalesce(json_object_agg(h.event_type, h.count ORDER BY h.event_type) FILTER (WHERE h.count > 0), '{}') AS types
    FROM asked AS a, analytics_histogram(a.window_start, a.window_end, $3::interval, tenant_id => $5::text,
                                         event_type => $6::text, timezone => $4::text) AS h
    GROUP BY h.bucket_start
), told AS MATERIALIZED (
    SELECT coalesce(string_agg('{"bucketStart":"' || analytics_iso8601(b.bucket_start) || '","count":' || b.count
                               || ',"eventsPerType":' || b.types || '}', ',' ORDER BY b.bucket_start), '') AS list,
           coalesce(sum(b.count), 0) AS total
    FROM buckets AS b
)
SELECT '{"windowStart":"' || analytics_iso8601(a.window_start) || '","windowEnd":"' || analytics_iso8601(a.window_end)
       || '","bucket":' || to_json($3::text)::text || ',"timezone":' || to_json($4::text)::text
       || ',"totalEvents":' || t.total || ',"buckets":[' || t.list || ']}',
       t.list
FROM asked AS a, told AS t
)sql",
                          .is_read = true};

const Statement dead_letters{.name = "dead_letters",
                             .sql = R"sql(
WITH page AS (
    SELECT d, d.id, row_number() OVER (ORDER BY d.id DESC) AS place
    FROM analytics_recent_dead_letters("limit" => $1::int + 1, before_id => $2::bigint, reason => $3::text,
                                       topic => $4::text, replayed => $5::boolean) AS d
)
SELECT '{"items":[' || coalesce(string_agg(analytics_dead_letter_json(p.d)::text, ',' ORDER BY p.place)
                                FILTER (WHERE p.place <= $1::int), '')
       || '],"count":' || count(*) FILTER (WHERE p.place <= $1::int) || '}',
       CASE WHEN count(*) > $1::int THEN min(p.id) FILTER (WHERE p.place <= $1::int) END
FROM page AS p
)sql",
                             .is_read = true};

const Statement dead_letter_summary{.name = "dead_letter_summary",
                                    .sql = R"sql(
SELECT json_build_object('open', coalesce(sum(s.open), 0), 'items', coalesce(json_agg(json_build_object(
           'reason', s.reason, 'topic', s.topic, 'open', s.open, 'firstSeen', analytics_iso8601(s.first_seen),
           'lastSeen', analytics_iso8601(s.last_seen), 'sampleId', s.sample_id, 'unpublishable', s.unpublishable)), '[]'))::text
FROM analytics_dead_letter_summary AS s
)sql",
                                    .is_read = true};

const Statement dead_letter{
    .name = "dead_letter", .sql = "SELECT analytics_dead_letter(id => $1::bigint)::text", .is_read = true};

const Statement replay{.name = "replay", .sql = R"sql(
SELECT json_build_object('replayed', r.replayed, 'stored', r.stored, 'duplicates', r.duplicates,
                         'stillRefused', r.still_refused, 'lastId', r.last_id)::text
FROM analytics_replay_dead_letters(reason => $1::text, topic => $2::text, "limit" => $3::int, after_id => $4::bigint) AS r
)sql"};

const Statement projections{.name = "projections",
                            .sql = R"sql(
SELECT '{"items":[' || coalesce(string_agg(analytics_projection_json(p)::text, ',' ORDER BY p.name), '')
       || '],"count":' || count(*) || '}'
FROM analytics_projections AS p
)sql",
                            .is_read = true};

// Which one is asked for at all is decided here: the function raises for one that is not ready.
const Statement projection{.name = "projection",
                           .sql = R"sql(
WITH asked AS MATERIALIZED (
    SELECT p.state, CASE WHEN p.state = 'ready' THEN p.name END AS name FROM analytics_projections AS p WHERE p.name = $1::text
), page AS MATERIALIZED (
    SELECT r.bucket_start, r.key, r.item, row_number() OVER (ORDER BY r.bucket_start DESC, r.key DESC) AS place
    FROM asked AS a, analytics_projection_page(
        a.name, "from" => timestamptz 'epoch' + ($2::text || ' microseconds')::interval,
        "to" => timestamptz 'epoch' + ($3::text || ' microseconds')::interval, tenant_id => $4::text,
        "limit" => $5::int + 1, before_bucket => timestamptz 'epoch' + ($6::text || ' microseconds')::interval,
        before_key => $7::uuid) AS r
), answered AS (
    SELECT p.* FROM page AS p WHERE p.place <= $5::int
)
SELECT '{"items":[' || coalesce(string_agg(a.item::text, ',' ORDER BY a.place), '') || '],"count":' || count(*) || '}',
       EXISTS (SELECT FROM page AS p WHERE p.place > $5::int),
       (extract(epoch FROM min(a.bucket_start)) * 1000000)::bigint,
       (array_agg(a.key ORDER BY a.place DESC))[1],
       (SELECT k.state FROM asked AS k)
FROM answered AS a
)sql",
                           .is_read = true};

const Statement record_one{.name = "record_one", .sql = R"sql(
SELECT r.outcome, r.reason, r.detail, analytics_sqlstate(r.reason),
       CASE WHEN r.outcome <> 'refused'
            THEN analytics_event_json(ROW(r.id, r.event_type, r.source, r.occurred_at, r.ingested_at, r.tenant_id,
                                          r.payload)::analytics_events)::text END,
       analytics_iso8601(r.occurred_at), r.id
FROM analytics_record_each(ARRAY[$1::bytea]) AS r
)sql"};

// json, not jsonb: its elements are the sender's own bytes, so digits and duplicate members reach the one judge of
// events as they were written, and an element that jsonb can't hold is refused alone.
const Statement record_batch{.name = "record_batch", .sql = R"sql(
WITH body AS MATERIALIZED (
    SELECT convert_from($1::bytea, 'UTF8')::json AS list
), size AS MATERIALIZED (
    SELECT coalesce(cardinality($2::bytea[]), json_array_length(list)) AS items FROM body
), records AS (
    SELECT coalesce($2::bytea[], array_agg(convert_to(e.value::text, 'UTF8') ORDER BY e.position), '{}') AS list
    FROM body, json_array_elements(body.list) WITH ORDINALITY AS e(value, position)
    WHERE (SELECT items FROM size) <= $3::int
)
SELECT (SELECT items FROM size),
       '[' || coalesce(string_agg(
           '{"item":' || r.item || ',"outcome":' || to_json(r.outcome)::text
           || CASE WHEN r.outcome = 'refused'
                   THEN ',"reason":' || to_json(r.reason)::text
                        || ',"detail":' || coalesce(to_json(r.detail)::text, 'null')
                   ELSE ',"event":' || analytics_event_json(ROW(r.id, r.event_type, r.source, r.occurred_at,
                            r.ingested_at, r.tenant_id, r.payload)::analytics_events)::text END
           || '}', ',' ORDER BY r.item), '') || ']'
FROM records, analytics_record_each(records.list) AS r
)sql"};

const Statement version{.name = "version", .sql = "SELECT v.extension FROM analytics_version() AS v", .is_read = true};

} // namespace analytics::http
