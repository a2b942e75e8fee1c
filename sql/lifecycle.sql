/* The life of the tables: how they are made, adopted and dropped. See doc/backup.md.
 *
 * The extension owns functions and types. The tables are ordinary tables of the role that made them, so pg_dump dumps
 * them whole, with policies, triggers, constraints, indexes and grants. CREATE EXTENSION makes the tables, and removes
 * them from its members in the same script. DROP EXTENSION drops their triggers and leaves the tables. The next
 * CREATE EXTENSION adopts them.
 *
 * _analytics_tables is the only description of a table. Adoption makes each table again as a temporary one, and
 * compares the two in the catalogs. */

CREATE FUNCTION @extschema@._analytics_table_differences() RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET client_min_messages = warning -- no notices of the views that are dropped with a temporary table
    AS $$
DECLARE
    described record;
BEGIN
    FOR described IN SELECT t.definition FROM @extschema@._analytics_tables() AS t LOOP
        EXECUTE replace(described.definition, '@schema@', 'pg_temp');
    END LOOP;

    RETURN QUERY
    WITH pairs AS (
        SELECT t.name, due.oid AS due, @extschema@._analytics_relation(t.name)::oid AS present
        FROM @extschema@._analytics_tables() AS t
        JOIN pg_class AS due ON due.relname = t.name AND due.relnamespace = pg_my_temp_schema()
    ), columns AS (
        SELECT p.name, p.present, a.attrelid, a.attname, a.attnotnull, a.attidentity,
            format_type(a.atttypid, a.atttypmod) AS type
        FROM pairs AS p
        JOIN pg_attribute AS a ON a.attrelid IN (p.due, p.present) AND a.attnum > 0 AND NOT a.attisdropped
    ), keys AS (
        SELECT p.name, p.present, i.indrelid, i.indisprimary AS is_primary,
            format('(%s)%s', (SELECT string_agg(pg_get_indexdef(i.indexrelid, k, true), ', ' ORDER BY k)
                              FROM generate_series(1, i.indnkeyatts) AS k),
                   ' WHERE ' || pg_get_expr(i.indpred, i.indrelid, true)) AS text
        FROM pairs AS p JOIN pg_index AS i ON i.indrelid IN (p.due, p.present) AND i.indisunique AND i.indisvalid
    )
    SELECT CASE
        WHEN c.attname IS NULL THEN format('column %s.%s is missing', due.name, due.attname)
        WHEN c.type <> due.type THEN format('column %s.%s has type %s, not %s', due.name, due.attname, c.type, due.type)
        WHEN c.attidentity <> due.attidentity
            THEN format('column %s.%s is no longer generated as identity', due.name, due.attname)
        ELSE format('column %s.%s may be null', due.name, due.attname) END
    FROM columns AS due LEFT JOIN columns AS c ON c.attrelid = due.present AND c.attname = due.attname
    WHERE due.attrelid <> due.present
        AND (c.attname IS NULL OR c.type <> due.type OR c.attidentity <> due.attidentity
             OR due.attnotnull AND NOT c.attnotnull)
    UNION ALL
    SELECT format('%s has no %s on %s',
                  due.name, CASE WHEN due.is_primary THEN 'primary key' ELSE 'unique index' END, due.text)
    FROM keys AS due
    WHERE due.indrelid <> due.present
        AND NOT EXISTS (SELECT FROM keys AS k
                        WHERE k.indrelid = due.present AND k.text = due.text AND k.is_primary >= due.is_primary)
    UNION ALL
    SELECT CASE
        WHEN present.relkind <> due.relkind
            THEN format('%s is not %s', p.name, CASE due.relkind WHEN 'v' THEN 'a view'
                                                                 WHEN 'p' THEN 'a partitioned table'
                                                                 ELSE 'a table' END)
        ELSE format('%s is not partitioned by %s', p.name, pg_get_partkeydef(p.due)) END
    FROM pairs AS p
    JOIN pg_class AS due ON due.oid = p.due
    JOIN pg_class AS present ON present.oid = p.present
    WHERE present.relkind <> due.relkind OR pg_get_partkeydef(p.due) IS DISTINCT FROM pg_get_partkeydef(p.present)
    ORDER BY 1;

    FOR described IN
        SELECT c.oid::regclass AS relation FROM @extschema@._analytics_tables() AS t
        JOIN pg_class AS c ON c.relname = t.name AND c.relnamespace = pg_my_temp_schema() AND c.relkind IN ('r', 'p')
    LOOP
        EXECUTE format('DROP TABLE %s CASCADE', described.relation);
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_table_differences() IS
    'Part of _analytics_update_tables: the differences between the existing tables and their descriptions, one '
    'sentence each. All tables must exist. Additional columns, keys and constraints are no differences.';

CREATE FUNCTION @extschema@._analytics_foreign_tables(in_use text[]) RETURNS SETOF text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT format('%s belongs to %s, who is neither a superuser nor %s', t.name, owner.rolname, current_user)
    FROM @extschema@._analytics_tables() AS t
    JOIN pg_class AS c ON c.oid = @extschema@._analytics_relation(t.name)
    JOIN pg_roles AS owner ON owner.oid = c.relowner
    WHERE NOT owner.rolsuper AND owner.rolname <> current_user AND t.name <> ALL ($1)
    ORDER BY 1
$$;

COMMENT ON FUNCTION @extschema@._analytics_foreign_tables(text[]) IS
    'Part of _analytics_update_tables: the tables that are not in use yet and whose owner is neither a superuser nor '
    'the caller, one sentence each. They are not adopted, because their owner''s triggers would run with the rights of '
    'every role that calls our functions.';

CREATE FUNCTION @extschema@._analytics_attach_trigger(
    relation regclass, trigger text, fires text, level text, called text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = relation AND t.tgname = trigger) THEN
        EXECUTE format('CREATE TRIGGER %I %s ON %s FOR EACH %s EXECUTE FUNCTION %s.%I()',
                       trigger, fires, relation, level, '@extschema@', called);
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_attach_trigger(regclass, text, text, text, text) IS
    'Gives a table a trigger that calls a function of the extension, unless the table has a trigger of that name.';

CREATE FUNCTION @extschema@._analytics_attach_triggers() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_attach_trigger(
        @extschema@._analytics_relation(t.relation), t.trigger, t.fires, t.level, t.called)
    FROM (VALUES
        ('analytics_events', 'analytics_rollup_row', 'AFTER INSERT OR UPDATE OR DELETE', 'ROW',
         '_analytics_rollup_row'),
        ('analytics_rollup_totals', 'analytics_refuse_bags', 'BEFORE INSERT', 'STATEMENT', '_analytics_refuse_bags'),
        ('analytics_rollup_tenants', 'analytics_refuse_bags', 'BEFORE INSERT', 'STATEMENT', '_analytics_refuse_bags'),
        ('analytics_projection_bags', 'analytics_refuse_bags', 'BEFORE INSERT', 'STATEMENT', '_analytics_refuse_bags'),
        ('analytics_dead_letter_counts', 'analytics_refuse_bags', 'BEFORE INSERT', 'STATEMENT',
         '_analytics_refuse_bags'),
        ('analytics_dead_letters', 'analytics_count_begin', 'BEFORE INSERT OR UPDATE OR DELETE', 'STATEMENT',
         '_analytics_dead_letter_statement'),
        ('analytics_dead_letters', 'analytics_count_row', 'AFTER INSERT OR UPDATE OR DELETE', 'ROW',
         '_analytics_dead_letter_row'),
        ('analytics_dead_letters', 'analytics_count_end', 'AFTER INSERT OR UPDATE OR DELETE', 'STATEMENT',
         '_analytics_dead_letter_statement'),
        ('analytics_dead_letters', 'analytics_count_truncate', 'AFTER TRUNCATE', 'STATEMENT',
         '_analytics_dead_letter_truncate'),
        ('analytics_shapes', 'analytics_check_shape', 'BEFORE INSERT OR UPDATE', 'ROW', '_analytics_check_shape'),
        ('analytics_shapes', 'analytics_shapes_changed', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE', 'STATEMENT',
         '_analytics_invalidate_rules'),
        ('analytics_contracts', 'analytics_check_contract', 'BEFORE INSERT OR UPDATE', 'ROW',
         '_analytics_check_contract'),
        ('analytics_contracts', 'analytics_contracts_changed', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE',
         'STATEMENT', '_analytics_invalidate_rules'),
        ('analytics_contracts', 'analytics_tell_projections', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE',
         'STATEMENT', '_analytics_tell_projections'),
        ('analytics_retention', 'analytics_check_retention', 'AFTER INSERT OR UPDATE OR DELETE',
         'STATEMENT', '_analytics_check_retention'),
        ('analytics_projections', 'analytics_check_projection', 'BEFORE INSERT OR UPDATE', 'ROW',
         '_analytics_check_projection'),
        ('analytics_projections', 'analytics_projections_changed',
         'AFTER INSERT OR UPDATE OF event_types, dimensions, measures, bucket, max_groups OR DELETE', 'STATEMENT',
         '_analytics_invalidate_rules'),
        ('analytics_projections', 'analytics_projections_renewed',
         'AFTER UPDATE OF id, next_id, last_id', 'STATEMENT', '_analytics_invalidate_rules'),
        ('analytics_projections', 'analytics_projections_truncated', 'AFTER TRUNCATE', 'STATEMENT',
         '_analytics_invalidate_rules'),
        ('analytics_feeds', 'analytics_check_feed', 'BEFORE UPDATE', 'ROW', '_analytics_check_feed'),
        ('analytics_feeds', 'analytics_feeds_changed', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE', 'STATEMENT',
         '_analytics_invalidate_rules')
    ) AS t (relation, trigger, fires, level, called);
    PERFORM @extschema@.analytics_watch_partition(@extschema@._analytics_relation('analytics_events'));
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_attach_triggers() IS
    'Gives the tables the triggers that are missing. Partitions have theirs from who made them.';

CREATE FUNCTION @extschema@._analytics_refuse_bags() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF current_setting('analytics.append_bags', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'object_not_in_prerequisite_state',
        MESSAGE = format('rows of "%s" are counts and cannot be inserted by hand', TG_TABLE_NAME),
        DETAIL = 'Triggers have counted what was stored already. These rows would count it twice.',
        HINT = 'To restore data alone, add --disable-triggers to pg_restore or pg_dump. '
               'To repair counts, call analytics_rebuild().',
        SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_refuse_bags() IS
    'Refuses an INSERT of bags by hand, as a data-only restore makes it: SQLSTATE 55000. '
    'The functions that repair counts set analytics.append_bags, which permits it.';

CREATE FUNCTION @extschema@._analytics_release_tables() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    member record;
BEGIN
    FOR member IN
        SELECT c.oid::regclass AS name,
            CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
        FROM pg_extension AS e
        JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
            AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass
        JOIN pg_class AS c ON c.oid = d.objid AND c.relkind IN ('r', 'p', 'v', 'S')
        WHERE e.extname = 'analytics_events'
    LOOP
        EXECUTE format('ALTER EXTENSION analytics_events DROP %s %s', member.kind, member.name);
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_release_tables() IS
    'Makes the tables and views ordinary ones after CREATE EXTENSION or an update has created them: they are no '
    'longer members of the extension.';

CREATE FUNCTION @extschema@._analytics_refuse_tables(differences text[]) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF differences <> '{}' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'the existing tables do not fit this version of analytics_events, and nothing was changed',
            DETAIL = array_to_string(differences, E'\n'),
            HINT = 'Correct these differences, or move the tables into another schema, and try again.';
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_refuse_tables(text[]) IS
    'Raises SQLSTATE 55000 with the differences in DETAIL, if there are any.';

CREATE FUNCTION @extschema@._analytics_count_dead_letters() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    PERFORM @extschema@._analytics_run_as_owner(@extschema@._analytics_relation('analytics_dead_letters'), format(
        'LOCK TABLE %1$s.analytics_dead_letters IN SHARE ROW EXCLUSIVE MODE; '
        'SELECT set_config(''analytics_update.open'', (SELECT json_object_agg(c.reason, c.open) FROM (SELECT d.reason, '
        'count(*) AS open FROM %1$s.analytics_dead_letters AS d WHERE d.replayed_at IS NULL GROUP BY 1) AS c)::text, '
        'true)', '@extschema@'));
    PERFORM @extschema@._analytics_run_as_owner(@extschema@._analytics_relation('analytics_dead_letter_counts'), format(
        'INSERT INTO %s.analytics_dead_letter_counts (reason, open) SELECT c.key, c.value::bigint '
        'FROM json_each_text(nullif(current_setting(''analytics_update.open''), '''')::json) AS c (key, value)',
        '@extschema@'));
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_count_dead_letters() IS
    'Part of _analytics_update_tables: fills the new table analytics_dead_letter_counts from dead letters that nothing '
    'has counted yet. Each table is used with the rights of its owner. '
    'Locks the dead letters, so no more come before they have their triggers.';

CREATE FUNCTION @extschema@._analytics_lock_tables(names text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    name text;
    before_timeout CONSTANT text := current_setting('lock_timeout');
BEGIN
    LOOP
        BEGIN
            PERFORM set_config('lock_timeout', '100ms', true); -- less than deadlock_timeout
            FOREACH name IN ARRAY names LOOP
                PERFORM @extschema@._analytics_run_as_owner(
                    @extschema@._analytics_relation(name),
                    format('LOCK TABLE %s.%I IN ACCESS EXCLUSIVE MODE', '@extschema@', name));
            END LOOP;
            PERFORM set_config('lock_timeout', before_timeout, true);
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            PERFORM pg_sleep(0.05);
        END;
    END LOOP;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_lock_tables(text[]) IS
    'Part of _analytics_update_tables: locks all tables that it changes, or none. '
    'Writers and readers lock them in different orders. An update that locked one after another could deadlock '
    'with either, and they would get the error. Others wait for this no longer than a moment at a time.';

CREATE FUNCTION @extschema@._analytics_update_tables(in_use text[]) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET row_security = off -- an error if policies restrict an owner, instead of a change of a part of the rows
    SET client_min_messages = warning -- no notices of what a change finds done
    AS $$
DECLARE
    described record;
    change record;
    made text[] := '{}';
    adopts boolean := false;
BEGIN
    PERFORM @extschema@._analytics_refuse_tables(ARRAY(SELECT f FROM @extschema@._analytics_foreign_tables($1) AS f));
    FOR described IN
        SELECT t.name, replace(t.definition, '@schema@', '@extschema@') AS statements
        FROM @extschema@._analytics_tables() AS t
    LOOP
        CONTINUE WHEN @extschema@._analytics_relation(described.name) IS NOT NULL;
        made := made || described.name;
        IF described.name = 'analytics_events' THEN
            EXECUTE described.statements;
        ELSE -- the owner of the events owns what is kept beside them
            PERFORM @extschema@._analytics_run_as_owner(
                @extschema@._analytics_relation('analytics_events'), described.statements);
        END IF;
    END LOOP;
    adopts := EXISTS (SELECT FROM @extschema@._analytics_tables() AS t WHERE t.name <> ALL (made));
    PERFORM @extschema@._analytics_lock_tables(ARRAY(
        SELECT l.relation
        FROM (SELECT c.relation FROM @extschema@._analytics_table_changes() AS c
              WHERE c.name NOT IN (SELECT m.name FROM @extschema@.analytics_table_changes AS m)
              UNION
              SELECT 'analytics_dead_letters' WHERE 'analytics_dead_letter_counts' = ANY (made)) AS l
        WHERE l.relation <> ALL (made)
        ORDER BY 1));
    IF 'analytics_dead_letter_counts' = ANY (made) AND 'analytics_dead_letters' <> ALL (made) THEN
        PERFORM @extschema@._analytics_count_dead_letters();
    END IF;

    FOR change IN
        SELECT c.name, c.relation, replace(c.statement, '@schema@', '@extschema@') AS statements
        FROM ROWS FROM (@extschema@._analytics_table_changes()) WITH ORDINALITY AS c (name, relation, statement, number)
        WHERE c.name NOT IN (SELECT m.name FROM @extschema@.analytics_table_changes AS m)
        ORDER BY c.number
    LOOP
        IF change.relation <> ALL (made) THEN
            PERFORM @extschema@._analytics_run_as_owner(
                @extschema@._analytics_relation(change.relation), change.statements);
        END IF;
        PERFORM @extschema@._analytics_run_as_owner(
            @extschema@._analytics_relation('analytics_table_changes'),
            format('INSERT INTO %s.analytics_table_changes (name) VALUES (%L)', '@extschema@', change.name));
    END LOOP;

    IF adopts THEN
        PERFORM @extschema@._analytics_refuse_tables(
            ARRAY(SELECT d FROM @extschema@._analytics_table_differences() AS d));
    END IF;
    IF adopts AND NOT EXISTS (SELECT FROM pg_trigger AS t
                              WHERE t.tgrelid = @extschema@._analytics_relation('analytics_events')
                                  AND t.tgname = 'analytics_rollup_row') THEN
        -- Nobody has noted what has changed meanwhile.
        PERFORM @extschema@._analytics_run_as_owner(
            @extschema@._analytics_relation('analytics_feeds'),
            format('UPDATE %s.analytics_feeds SET start_tick = NULL', '@extschema@'));
    END IF;
    PERFORM @extschema@._analytics_attach_triggers();
    PERFORM @extschema@._analytics_create_projection_view(p.name) FROM @extschema@.analytics_projections AS p
    WHERE to_regclass(format('%I.%I', p.view_schema, p.name)) IS NULL; -- DROP EXTENSION … CASCADE drops the views, too
    PERFORM @extschema@._analytics_release_tables();
    RETURN adopts;
END
$$;

COMMENT ON FUNCTION @extschema@._analytics_update_tables(text[]) IS
    'Creates the missing tables, makes the changes that the other tables have not had, and creates the missing '
    'triggers. Returns true if there were tables before. '
    'If tables do not fit after that: SQLSTATE 55000, and nothing is changed. '
    'in_use: the tables of the release from which the extension is updated, which may belong to any role. '
    'New tables get the owner of analytics_events, and each change is made with the rights of its table''s owner. '
    'A change locks its table (ACCESS EXCLUSIVE) to the end of the transaction.';

CREATE FUNCTION @extschema@.analytics_create_tables() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET client_min_messages = notice -- CREATE EXTENSION raises it to warning for its script
    AS $$
DECLARE
    wrong_counts bigint;
BEGIN
    IF NOT @extschema@._analytics_update_tables('{}'::text[]) THEN
        RETURN;
    END IF;
    PERFORM @extschema@.analytics_watch_partition(p.partition)
    FROM @extschema@.analytics_partitions() AS p JOIN pg_class AS c ON c.oid = p.partition WHERE c.relkind <> 'f';
    wrong_counts := (SELECT count(*) FROM @extschema@.analytics_verify(NULL::timestamptz, NULL::timestamptz));
    IF wrong_counts = 0 THEN
        RAISE NOTICE USING
            MESSAGE = 'the existing tables were adopted',
            DETAIL = 'analytics_verify finds no difference between the counts and what they count.';
    ELSE
        RAISE NOTICE USING
            MESSAGE = 'the existing tables were adopted, and their counts are wrong',
            DETAIL = format('analytics_verify finds %s differences: '
                            'rows were stored or deleted while the tables had no triggers.', wrong_counts),
            HINT = 'Call analytics_rebuild().';
    END IF;
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_create_tables() IS
    'Creates the missing tables in the extension''s schema, and the missing triggers on all of its tables. '
    'CREATE EXTENSION calls it. Call it yourself if a function reports that the tables are missing, and after you have '
    'restored a dump of an earlier release. '
    'Existing tables are adopted, and changed as this version needs them. '
    'A NOTICE reports whether analytics_verify finds differences in them. '
    'If this version cannot use a column, key, partitioning or owner of an existing table: SQLSTATE 55000 with each '
    'difference in DETAIL, and nothing is changed. '
    'The caller needs CREATE on the schema.';

CREATE FUNCTION @extschema@.analytics_drop_tables(confirm text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    projection record;
BEGIN
    IF confirm IS DISTINCT FROM 'analytics_events' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'analytics_drop_tables was not confirmed: it deletes every event, dead letter and offset',
            HINT = 'To confirm: SELECT analytics_drop_tables(confirm => ''analytics_events'');';
    END IF;
    FOR projection IN SELECT p.view_schema, p.name FROM @extschema@.analytics_projections AS p LOOP
        EXECUTE format('DROP VIEW IF EXISTS %I.%I', projection.view_schema, projection.name);
    END LOOP;
    EXECUTE (SELECT string_agg(format('DROP %s %s', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
                                      c.oid::regclass), '; ' ORDER BY t.number DESC)
             FROM ROWS FROM (@extschema@._analytics_tables()) WITH ORDINALITY AS t (name, definition, number)
             JOIN pg_class AS c ON c.oid = @extschema@._analytics_relation(t.name));
END
$$;

COMMENT ON FUNCTION @extschema@.analytics_drop_tables(text) IS
    'Drops the tables with all their rows, and the views of projections. Not even DROP EXTENSION drops the tables. '
    'confirm must be ''analytics_events'', else SQLSTATE 22023. '
    'Drop your own views and foreign keys that depend on a table first (else SQLSTATE 2BP01). '
    'The caller must own the tables.';
