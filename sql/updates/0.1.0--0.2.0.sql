/* The update from 0.1.0 to 0.2.0: ALTER EXTENSION analytics_events UPDATE runs it.
 *
 * The build puts every function of the install script at the line "@functions@", as CREATE OR REPLACE, with its
 * comment. So a new function, or another body, default, attribute or comment needs no line here. Write by hand what
 * replacing can't do. Above the line: DROP FUNCTION where a function goes, or changes its arguments' names or its
 * result, CREATE TYPE, ALTER TYPE. Below it: REVOKE for a new function that not everybody may call.
 * A change of a table is a row of _analytics_table_changes (sql/table_changes.sql), and in sql/tables.sql; a new table
 * stands in sql/tables.sql alone. test/update compares the result with a fresh installation, and names what is missing.
 *
 * Nothing here may touch what operators hang on: no CASCADE, and no GRANT or REVOKE on a function that 0.1.0 has. */

-- The tables of the old release may belong to any role. A table that is new must not exist yet: somebody else would
-- have made it.
SELECT pg_catalog.set_config('analytics_update.tables', pg_catalog.string_agg(t.name, ','), true)
FROM @extschema@._analytics_tables() AS t;

-- Loses its defaults, because a second form has them now; so its grants are lost, and roles.sql gives them again.
DROP FUNCTION @extschema@.analytics_replay_dead_letters(
    integer, bigint, text, text, bigint[], timestamptz, timestamptz);

-- An argument's name is a keyword since PostgreSQL 16, where 0.1.0 can't be installed.
DROP FUNCTION @extschema@._analytics_http_record_batch(bytea, bytea[], integer);

-- Have an argument more, so their grants are lost, and are to be given again.
DROP PROCEDURE @extschema@.analytics_create_projection(text, text[], json, json, interval, integer, text);
DROP FUNCTION @extschema@._analytics_register_projection(text, text[], json, json, interval, integer, text);

CREATE TYPE @extschema@._analytics_judgement AS (
    is_event boolean, id text, is_own boolean, shape text, event_type text, event_id uuid, occurred_at timestamptz,
    reason text);

CREATE TYPE @extschema@._analytics_rekeying AS (
    occurred_at timestamptz, id uuid, to_time timestamptz, to_id uuid, is_untimed boolean, is_kept boolean);

-- @functions@

-- An extension without its tables stays without them.
DO $$
BEGIN
    IF @extschema@._analytics_relation('analytics_events') IS NOT NULL THEN
        PERFORM @extschema@._analytics_update_tables(
            pg_catalog.string_to_array(pg_catalog.current_setting('analytics_update.tables'), ','));
    END IF;
END
$$;

COMMENT ON TYPE @extschema@._analytics_page IS
    'A page of a list. body: {"items":[…],"count":n}. has_next: whether there is a next page. '
    'last_position and last_key: those of the page''s last item, after which the next page begins.';

REVOKE EXECUTE ON FUNCTION
    @extschema@._analytics_dead_letter_row(),
    @extschema@._analytics_dead_letter_statement(),
    @extschema@._analytics_dead_letter_truncate(),
    @extschema@.analytics_retire_group(text),
    @extschema@.analytics_create_partition(timestamptz, interval),
    @extschema@.analytics_replay_dead_letters(integer, bigint, text, text, bigint[], timestamptz, timestamptz),
    @extschema@.analytics_replay_dead_letters(
        integer, bigint, varchar, text, bigint[], timestamptz, timestamptz, boolean),
    @extschema@.analytics_maintain_step(text, timestamptz, text),
    @extschema@.analytics_record_maintenance(text, timestamptz, bigint, text),
    @extschema@.analytics_sizes(timestamptz),
    @extschema@.analytics_tick(),
    @extschema@._analytics_register_feed(
        text, text, text, text[], text, text, text, text, interval, interval),
    @extschema@._analytics_start_feed(text),
    @extschema@.analytics_tick_feeds(),
    @extschema@.analytics_claim_feeds(text, text[], text[], bigint[], text[], text[]),
    @extschema@.analytics_feed_messages(text, text, integer, integer),
    @extschema@.analytics_republish_feed(text, text),
    @extschema@.analytics_dead_letter_messages(text, text, integer),
    @extschema@.analytics_skip_dead_letter(text, text),
    @extschema@._analytics_await_dead_letter_writers(),
    @extschema@.analytics_feed_dead_letters(text),
    @extschema@.analytics_drop_feed(text),
    @extschema@.analytics_pause_feed(text),
    @extschema@.analytics_resume_feed(text),
    @extschema@.analytics_rekey(text, boolean, timestamptz, timestamptz),
    @extschema@._analytics_register_projection(text, text[], json, json, interval, integer, text, text) FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE
    @extschema@.analytics_maintain(timestamptz, interval),
    @extschema@.analytics_create_feed(text, text, text, text[], text, text, text, text, interval, interval),
    @extschema@.analytics_start_feed(text),
    @extschema@.analytics_create_projection(text, text[], json, json, interval, integer, text, text) FROM PUBLIC;
