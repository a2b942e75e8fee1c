/* Objects that users put into the extension's schema can't take the place of PostgreSQL's own in its functions: with
 * SECURITY DEFINER among them, that would be more than a nuisance. */

SELECT plan(4);

CREATE TABLE record (value text);
CREATE FUNCTION now() RETURNS timestamptz LANGUAGE sql AS $$SELECT '1999-01-01'::timestamptz$$;
CREATE FUNCTION date_trunc(text, timestamptz) RETURNS timestamptz LANGUAGE plpgsql AS $$BEGIN RAISE 'shadowed'; END$$;
CREATE FUNCTION eq(a integer, b integer) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE 'shadowed'; END$$;
CREATE OPERATOR < (FUNCTION = eq, LEFTARG = integer, RIGHTARG = integer);

SELECT is((SELECT stored FROM analytics_ingest(ARRAY['{"eventType":"e","source":"s","occurredAt":"2021-05-06T07:08:09Z","payload":{}}'::bytea])),
    1::bigint, 'a new month is made');
SELECT is((SELECT count(*) FROM analytics_recent(1)), 1::bigint, 'events are read');
SELECT is((SELECT analytics_summary(5, '2021-05-06T07:09:00Z') ->> 'totalEvents'), '1', 'events are summed up');
SELECT lives_ok($$INSERT INTO analytics_shapes (name, event_type, source, required_members) VALUES ('x', 'x', 'x', '{x}')$$, 'shapes are checked');

SELECT finish();
