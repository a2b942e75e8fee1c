#include "statements.hpp"

namespace analytics::http {

const Statement recent{.name = "recent",
                       .sql = R"sql(
SELECT p.body, p.has_next, p.last_place, p.last_key
FROM @extschema@._analytics_recent_page(
    $1::int, $2::bigint, $3::pg_catalog.uuid, $4::pg_catalog.text, $5::pg_catalog.text,
    pg_catalog.current_setting('analytics_http.tenant', true)) AS p
)sql",
                       .is_read = true};

const Statement summary{.name = "summary",
                        .sql = R"sql(
SELECT s::pg_catalog.text,
       (s OPERATOR(pg_catalog.-) 'windowStart' OPERATOR(pg_catalog.-) 'windowEnd')::pg_catalog.text
FROM @extschema@.analytics_summary($1::int, coalesce(@extschema@._analytics_instant($2::bigint), pg_catalog.now()),
                                   $3::pg_catalog.text) AS s
)sql",
                        .is_read = true};

const Statement event{.name = "event",
                      .sql = R"sql(
SELECT @extschema@._analytics_event_json(e)::pg_catalog.text
FROM @extschema@.analytics_event(@extschema@._analytics_instant($1::bigint), $2::pg_catalog.uuid) AS e
)sql",
                      .is_read = true};

const Statement histogram{.name = "histogram",
                          .sql = R"sql(
WITH asked AS MATERIALIZED (
    SELECT w.window_end, coalesce(@extschema@._analytics_instant($1::bigint),
                                  greatest(w.window_end OPERATOR(pg_catalog.-) interval '1 day',
                                           '0001-01-01 00:00:00+00')) AS window_start
    FROM (SELECT coalesce(@extschema@._analytics_instant($2::bigint), pg_catalog.now())) AS w (window_end)
), buckets AS MATERIALIZED (
    SELECT h.bucket_start, pg_catalog.sum(h.count) AS count,
           coalesce(pg_catalog.json_object_agg(h.event_type, h.count ORDER BY h.event_type)
                    FILTER (WHERE h.count OPERATOR(pg_catalog.>) 0), '{}') AS types
    FROM asked AS a, @extschema@.analytics_histogram(a.window_start, a.window_end, $3::interval, $5::pg_catalog.text,
                                                     $6::pg_catalog.text, $4::pg_catalog.text) AS h
    GROUP BY h.bucket_start
), told AS MATERIALIZED (
    SELECT pg_catalog.string_agg(
               pg_catalog.concat('{"bucketStart":"', @extschema@._analytics_instant_text(b.bucket_start), '","count":', b.count,
                                 ',"eventsPerType":', b.types, '}'), ',' ORDER BY b.bucket_start) AS list,
           coalesce(pg_catalog.sum(b.count), 0) AS total
    FROM buckets AS b
)
SELECT pg_catalog.concat(
           '{"windowStart":"', @extschema@._analytics_iso8601(a.window_start),
           '","windowEnd":"', @extschema@._analytics_iso8601(a.window_end),
           '","bucket":', pg_catalog.to_json($3::pg_catalog.text), ',"timezone":', pg_catalog.to_json($4::pg_catalog.text),
           ',"totalEvents":', t.total, ',"buckets":[', t.list, ']}'),
       coalesce(t.list, '')
FROM asked AS a, told AS t
)sql",
                          .is_read = true};

const Statement dead_letters{.name = "dead_letters",
                             .sql = R"sql(
SELECT p.body, CASE WHEN p.has_next THEN p.last_key END
FROM @extschema@._analytics_dead_letter_page($1::int, $2::bigint, $3::pg_catalog.text, $4::pg_catalog.text,
                                             $5::boolean) AS p
)sql",
                             .is_read = true};

const Statement dead_letter_summary{.name = "dead_letter_summary",
                                    .sql = R"sql(
SELECT pg_catalog.json_build_object(
           'open', coalesce(pg_catalog.sum(s.open), 0),
           'items', coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
               'reason', s.reason, 'topic', s.topic, 'open', s.open,
               'firstSeen', @extschema@._analytics_iso8601(s.first_seen),
               'lastSeen', @extschema@._analytics_iso8601(s.last_seen), 'sampleId', s.sample_id,
               'unpublishable', s.unpublishable)), '[]'))::pg_catalog.text
FROM @extschema@.analytics_dead_letter_summary AS s
)sql",
                                    .is_read = true};

const Statement dead_letter{.name = "dead_letter",
                            .sql = "SELECT @extschema@.analytics_dead_letter($1::bigint)::pg_catalog.text",
                            .is_read = true};

const Statement replay{.name = "replay", .sql = R"sql(
SELECT pg_catalog.json_build_object('replayed', r.replayed, 'stored', r.stored, 'duplicates', r.duplicates,
                                    'stillRefused', r.still_refused, 'lastId', r.last_id)::pg_catalog.text
FROM @extschema@.analytics_replay_dead_letters(
    $1::pg_catalog.text, $2::pg_catalog.text, NULL::bigint[], NULL::pg_catalog.timestamptz, NULL::pg_catalog.timestamptz,
    $3::int, $4::bigint) AS r
)sql"};

const Statement projections{.name = "projections",
                            .sql = R"sql(
SELECT pg_catalog.concat(
           '{"items":[', pg_catalog.string_agg(@extschema@._analytics_projection_json(p.name)::pg_catalog.text, ','
                                               ORDER BY p.name),
           '],"count":', pg_catalog.count(*), '}')
FROM @extschema@.analytics_projections AS p
)sql",
                            .is_read = true};

// Which one is asked for at all is decided here: the function raises for one that is not ready.
const Statement projection{.name = "projection",
                           .sql = R"sql(
SELECT i.body, i.has_next, i.last_place, i.last_key, p.state
FROM @extschema@.analytics_projections AS p
CROSS JOIN LATERAL @extschema@._analytics_projection_items(
    CASE WHEN p.state OPERATOR(pg_catalog.=) 'ready' THEN p.name END, @extschema@._analytics_instant($2::bigint),
    @extschema@._analytics_instant($3::bigint), $4::pg_catalog.text, $5::int, $6::bigint, $7::pg_catalog.uuid) AS i
WHERE p.name OPERATOR(pg_catalog.=) $1::pg_catalog.text
)sql",
                           .is_read = true};

// An outcome has no event where it is refused, dropped, or known under a key that a trigger made.
const Statement record_one{.name = "record_one", .sql = R"sql(
SELECT r.outcome, r.reason, r.detail, @extschema@._analytics_sqlstate(r.reason),
       CASE WHEN r.id IS NOT NULL
            THEN @extschema@._analytics_event_json(
                     ROW(r.id, r.event_type, r.source, r.occurred_at, r.ingested_at, r.tenant_id,
                         r.payload)::@extschema@.analytics_event)::pg_catalog.text END,
       @extschema@._analytics_iso8601(r.occurred_at), r.id
FROM @extschema@.analytics_record_each(ARRAY[$1::pg_catalog.bytea]) AS r
)sql"};

// The array's elements are the sender's own bytes, so digits and duplicate members reach the one judge of events as they
// were written, and what jsonb can't hold, or is too deep, is refused alone.
const Statement record_batch{.name = "record_batch", .sql = R"sql(
WITH body AS MATERIALIZED (
    SELECT coalesce($2::pg_catalog.bytea[], @extschema@._analytics_array_items($1::pg_catalog.bytea, $3::int)) AS list
), size AS MATERIALIZED (
    SELECT pg_catalog.cardinality(list) AS items FROM body
), records AS (
    SELECT b.list FROM body AS b, size AS s WHERE s.items OPERATOR(pg_catalog.<=) $3::int
)
SELECT (SELECT items FROM size),
       pg_catalog.concat('[', pg_catalog.string_agg(pg_catalog.concat(
           '{"item":', r.item, ',"outcome":', pg_catalog.to_json(r.outcome),
           CASE WHEN r.outcome OPERATOR(pg_catalog.=) 'refused' THEN pg_catalog.concat(
                    ',"reason":', pg_catalog.to_json(r.reason),
                    ',"detail":', coalesce(pg_catalog.to_json(r.detail)::pg_catalog.text, 'null'))
                WHEN r.outcome OPERATOR(pg_catalog.=) 'dropped' THEN ''
                ELSE pg_catalog.concat(',"event":', CASE WHEN r.id IS NULL THEN 'null' ELSE
                    @extschema@._analytics_event_json(
                        ROW(r.id, r.event_type, r.source, r.occurred_at, r.ingested_at, r.tenant_id,
                            r.payload)::@extschema@.analytics_event)::pg_catalog.text END) END,
           '}'), ',' ORDER BY r.item), ']')
FROM records, @extschema@.analytics_record_each(records.list) AS r
)sql"};

const Statement version{
    .name = "version", .sql = "SELECT v.extension FROM @extschema@.analytics_version() AS v", .is_read = true};

} // namespace analytics::http
