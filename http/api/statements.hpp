/* The SQL behind the routes, one call each of a function in sql/http.sql. The database makes the answer as JSON text,
 * and the service passes its bytes on: what an event or a number is, is decided there. Instants travel as microseconds
 * since the Unix epoch. A page is its body, whether there is a next page, its last item's position and its last item's
 * key (sql/pages.sql). */
#pragma once

#include "database.hpp"

namespace analytics::http {

/** (limit, before's position, before's id, tenant, event type) → a page. */
inline constexpr Statement recent{.name = "recent",
                                  .sql = R"sql(
SELECT p.body, p.has_next, p.last_position, p.last_key
FROM @extschema@._analytics_http_recent(
    $1::int, $2::bigint, $3::pg_catalog.uuid, $4::pg_catalog.text, $5::pg_catalog.text) AS p
)sql",
                                  .is_read = true};

/** (window in minutes, reference's microseconds, tenant) → the summary, and what its entity tag is made from. */
inline constexpr Statement summary{.name = "summary",
                                   .sql = R"sql(
SELECT s.body, s.tag_source
FROM @extschema@._analytics_http_summary(
    $1::int, @extschema@._analytics_instant($2::bigint), $3::pg_catalog.text) AS s
)sql",
                                   .is_read = true};

/** (occurred_at's microseconds, id) → the event, or null. */
inline constexpr Statement event{.name = "event",
                                 .sql = R"sql(
SELECT @extschema@._analytics_http_event(@extschema@._analytics_instant($1::bigint), $2::pg_catalog.uuid)
)sql",
                                 .is_read = true};

/** (from's microseconds, to's, bucket, time zone, tenant, event type) → the histogram, and what its entity tag is made
 * from. */
inline constexpr Statement histogram{.name = "histogram",
                                     .sql = R"sql(
SELECT h.body, h.tag_source
FROM @extschema@._analytics_http_histogram(
    @extschema@._analytics_instant($1::bigint), @extschema@._analytics_instant($2::bigint), $3::pg_catalog.text,
    $4::pg_catalog.text, $5::pg_catalog.text, $6::pg_catalog.text) AS h
)sql",
                                     .is_read = true};

/** (limit, the last dead letter seen, reason, topic, replayed or not) → a page. */
inline constexpr Statement dead_letters{.name = "dead_letters",
                                        .sql = R"sql(
SELECT p.body, p.has_next, p.last_position, p.last_key
FROM @extschema@._analytics_http_dead_letters(
    $1::int, $2::bigint, $3::pg_catalog.text, $4::pg_catalog.text, $5::boolean) AS p
)sql",
                                        .is_read = true};

/** () → open dead letters by reason and topic. */
inline constexpr Statement dead_letter_summary{
    .name = "dead_letter_summary", .sql = "SELECT @extschema@._analytics_http_dead_letter_summary()", .is_read = true};

/** (id) → the dead letter, or null. */
inline constexpr Statement dead_letter{
    .name = "dead_letter", .sql = "SELECT @extschema@._analytics_http_dead_letter($1::bigint)", .is_read = true};

/** (a record's bytes) → why it is an event, or none. */
inline constexpr Statement explain{.name = "explain",
                                   .sql = "SELECT @extschema@.analytics_explain($1::pg_catalog.bytea)::pg_catalog.text",
                                   .is_read = true};

/** (limit, the dead letter after which to begin, reason, topic) → what became of them. */
inline constexpr Statement replay{.name = "replay", .sql = R"sql(
SELECT @extschema@._analytics_http_replay($1::int, $2::bigint, $3::pg_catalog.text, $4::pg_catalog.text)
)sql"};

/** () → all projections. */
inline constexpr Statement projections{
    .name = "projections", .sql = "SELECT @extschema@._analytics_http_projections()", .is_read = true};

/** (name, limit, before's position, before's key, from's microseconds, to's, tenant) → a page and the projection's
 * state, which is null where there is none of this name. */
inline constexpr Statement projection{.name = "projection",
                                      .sql = R"sql(
SELECT (p.page).body, (p.page).has_next, (p.page).last_position, (p.page).last_key, p.state
FROM @extschema@._analytics_http_projection(
    $1::pg_catalog.text, $2::int, $3::bigint, $4::pg_catalog.uuid, @extschema@._analytics_instant($5::bigint),
    @extschema@._analytics_instant($6::bigint), $7::pg_catalog.text) AS p
)sql",
                                      .is_read = true};

/** (whether the caller has the scope admin) → the feeds that it may read. */
inline constexpr Statement feeds{
    .name = "feeds", .sql = "SELECT @extschema@._analytics_http_feeds($1::boolean)", .is_read = true};

/** (name, after, limit, whether the caller has the scope admin) → a page of changes: a row a change with its position,
 * operation and JSON, and last a row with the position after which the next page begins. No row: there is none of this
 * name. */
inline constexpr Statement feed{.name = "feed",
                                .sql = R"sql(
SELECT f.position, f.operation, f.item
FROM @extschema@._analytics_http_feed(
    $1::pg_catalog.text, $2::pg_catalog.text, $3::int, NULL::int, $4::boolean) AS f
)sql",
                                .is_read = true};

/** Likewise a page for a reader that stays. */
inline constexpr Statement feed_stream{.name = "feed_stream",
                                       .sql = R"sql(
SELECT f.position, f.operation, f.item
FROM @extschema@._analytics_http_feed($1::pg_catalog.text, $2::pg_catalog.text, $3::int, 65536, $4::boolean) AS f
)sql",
                                       .is_read = true};

/** () → a text that changes whenever a feed may have something new. */
inline constexpr Statement feed_state{
    .name = "feed_state", .sql = "SELECT @extschema@._analytics_http_feed_state()", .is_read = true};

/** (a record's bytes) → outcome, reason, detail, the reason's SQLSTATE, the event, its occurred_at and its id. */
inline constexpr Statement record_one{.name = "record_one", .sql = R"sql(
SELECT r.outcome, r.reason, r.detail, r.code, r.event, r.occurred_at, r.id
FROM @extschema@._analytics_http_record($1::pg_catalog.bytea) AS r
)sql"};

/** (a JSON array's bytes, or null; else the records as bytea[]; the most items taken) → their number, a result per
 * item; stores nothing of an array that has more than are taken. */
inline constexpr Statement record_batch{.name = "record_batch", .sql = R"sql(
SELECT b.items, b.body
FROM @extschema@._analytics_http_record_batch($1::pg_catalog.bytea, $2::pg_catalog.bytea[], $3::int) AS b
)sql"};

/** () → when all of maintenance had last succeeded, in seconds since the Unix epoch, or 0; how many parts failed; how
 * many consumer groups are counted, timed out and retired. */
inline constexpr Statement database_metrics{.name = "metrics",
                                            .sql = R"sql(
SELECT coalesce(extract(epoch FROM m.maintained_at)::bigint, 0), m.failed_parts, g.counted, g.timed_out, g.retired
FROM @extschema@.analytics_maintenance_state() AS m
CROSS JOIN (
    SELECT count(*) FILTER (WHERE c.state = 'counted') AS counted,
           count(*) FILTER (WHERE c.state = 'timed out') AS timed_out,
           count(*) FILTER (WHERE c.state = 'retired') AS retired
    FROM @extschema@.analytics_consumer_groups() AS c) AS g
)sql",
                                            .is_read = true};

/** () → the versions of the extension and of its library: fails unless the database answers. */
inline constexpr Statement version{.name = "version",
                                   .sql = "SELECT e.extversion, @extschema@._analytics_library_version() "
                                          "FROM pg_catalog.pg_extension AS e "
                                          "WHERE e.extname OPERATOR(pg_catalog.=) 'analytics_events'",
                                   .is_read = true};

} // namespace analytics::http
