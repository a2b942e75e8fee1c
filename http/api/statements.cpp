#include "statements.hpp"

namespace analytics::http {

const Statement recent{.name = "recent",
                       .sql = R"sql(
SELECT p.body, p.has_next, p.last_position, p.last_key
FROM @extschema@._analytics_http_recent(
    $1::int, $2::bigint, $3::pg_catalog.uuid, $4::pg_catalog.text, $5::pg_catalog.text) AS p
)sql",
                       .is_read = true};

const Statement summary{.name = "summary",
                        .sql = R"sql(
SELECT s.body, s.tag_source
FROM @extschema@._analytics_http_summary(
    $1::int, @extschema@._analytics_instant($2::bigint), $3::pg_catalog.text) AS s
)sql",
                        .is_read = true};

const Statement event{.name = "event",
                      .sql = R"sql(
SELECT @extschema@._analytics_http_event(@extschema@._analytics_instant($1::bigint), $2::pg_catalog.uuid)
)sql",
                      .is_read = true};

const Statement histogram{.name = "histogram",
                          .sql = R"sql(
SELECT h.body, h.tag_source
FROM @extschema@._analytics_http_histogram(
    @extschema@._analytics_instant($1::bigint), @extschema@._analytics_instant($2::bigint), $3::pg_catalog.text,
    $4::pg_catalog.text, $5::pg_catalog.text, $6::pg_catalog.text) AS h
)sql",
                          .is_read = true};

const Statement dead_letters{.name = "dead_letters",
                             .sql = R"sql(
SELECT p.body, p.has_next, p.last_position, p.last_key
FROM @extschema@._analytics_http_dead_letters(
    $1::int, $2::bigint, $3::pg_catalog.text, $4::pg_catalog.text, $5::boolean) AS p
)sql",
                             .is_read = true};

const Statement dead_letter_summary{
    .name = "dead_letter_summary", .sql = "SELECT @extschema@._analytics_http_dead_letter_summary()", .is_read = true};

const Statement dead_letter{.name = "dead_letter",
                            .sql = "SELECT @extschema@.analytics_dead_letter($1::bigint)::pg_catalog.text",
                            .is_read = true};

const Statement replay{.name = "replay", .sql = R"sql(
SELECT @extschema@._analytics_http_replay($1::int, $2::bigint, $3::pg_catalog.text, $4::pg_catalog.text)
)sql"};

const Statement projections{
    .name = "projections", .sql = "SELECT @extschema@._analytics_http_projections()", .is_read = true};

const Statement projection{.name = "projection",
                           .sql = R"sql(
SELECT (p.page).body, (p.page).has_next, (p.page).last_position, (p.page).last_key, p.state
FROM @extschema@._analytics_http_projection(
    $1::pg_catalog.text, $2::int, $3::bigint, $4::pg_catalog.uuid, @extschema@._analytics_instant($5::bigint),
    @extschema@._analytics_instant($6::bigint), $7::pg_catalog.text) AS p
)sql",
                           .is_read = true};

const Statement record_one{.name = "record_one", .sql = R"sql(
SELECT r.outcome, r.reason, r.detail, r.code, r.event, r.occurred_at, r.id
FROM @extschema@._analytics_http_record($1::pg_catalog.bytea) AS r
)sql"};

const Statement record_batch{.name = "record_batch", .sql = R"sql(
SELECT b.items, b.body
FROM @extschema@._analytics_http_record_batch($1::pg_catalog.bytea, $2::pg_catalog.bytea[], $3::int) AS b
)sql"};

const Statement version{.name = "version",
                        .sql = "SELECT e.extversion, @extschema@._analytics_library_version() "
                               "FROM pg_catalog.pg_extension AS e "
                               "WHERE e.extname OPERATOR(pg_catalog.=) 'analytics_events'",
                        .is_read = true};

} // namespace analytics::http
