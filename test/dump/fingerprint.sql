/* The fingerprint of a database: all that its catalogues and its tables hold, but for what is PostgreSQL's own, as
 * lines (kind, object, fact). Two databases are equal if and only if they have the same lines.
 *
 * One fact a line, so that a difference reads as what is missing. Nothing here depends on OIDs, on the physical order of
 * rows, or on who connected. Facts that a dump can't carry by design of pg_dump are left out where they stand, and why. */

SET search_path = pg_catalog, pg_temp;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
SET IntervalStyle = 'postgres';
SET bytea_output = 'hex';
SET extra_float_digits = 1;
SET row_security = off;

CREATE FUNCTION pg_temp.digest(of regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    EXECUTE format('SELECT count(*) || '' rows, '' || coalesce(md5(string_agg(md5(t::text), '''' ORDER BY md5(t::text))), ''none'') FROM ONLY %s AS t', of) INTO found;
    RETURN found;
END
$$;

CREATE FUNCTION pg_temp.rights(acl aclitem[], kind "char", owner oid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(item::text, ', ' ORDER BY item::text COLLATE "C")
    FROM (SELECT format('%s by %s: %s', CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, grantor::regrole,
                        string_agg(privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END, ' ' ORDER BY privilege_type)) AS item
          FROM aclexplode(coalesce(acl, acldefault(kind, owner))) GROUP BY grantee, grantor) AS items
$$;

CREATE TEMP TABLE homes AS
    SELECT oid, nspname AS name, nspowner, nspacl FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema';

CREATE TEMP TABLE relations AS
    SELECT c.*, c.oid::regclass::text AS name,
        EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS is_member
    FROM pg_class AS c JOIN homes AS h ON h.oid = c.relnamespace;

CREATE TEMP TABLE routines AS
    SELECT p.*, p.oid::regprocedure::text AS name,
        EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e') AS is_member
    FROM pg_proc AS p JOIN homes AS h ON h.oid = p.pronamespace;

CREATE TEMP VIEW lines (kind, object, fact) AS
-- roles, schemas, extensions, routines
SELECT 'role', rolname::text, format('%s %s', to_jsonb(r) - '{oid,rolpassword,rolname}'::text[],
    (SELECT string_agg(m.roleid::regrole::text, ', ' ORDER BY m.roleid::regrole::text COLLATE "C") FROM pg_auth_members AS m WHERE m.member = r.oid))
FROM pg_roles AS r WHERE rolname !~ '^pg_'
UNION ALL
SELECT 'schema', name::text, format('owner %s, rights %s', nspowner::regrole, pg_temp.rights(nspacl, 'n', nspowner)) FROM homes
UNION ALL
SELECT 'extension', extname::text, format('version %s in %s', extversion, extnamespace::regnamespace) FROM pg_extension
UNION ALL
SELECT 'member', e.extname::text, pg_describe_object(d.classid, d.objid, d.objsubid)
FROM pg_depend AS d JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid WHERE d.deptype = 'e' AND e.extname <> 'plpgsql'
UNION ALL
SELECT 'routine', name, format('owner %s, rights %s', proowner::regrole, pg_temp.rights(proacl, 'f', proowner)) FROM routines
UNION ALL
SELECT 'routine', name, md5(pg_get_functiondef(oid)) FROM routines WHERE prokind <> 'a'
UNION ALL
SELECT 'routine', r.name, format('aggregate %s, %s, %s', r.proparallel, pg_get_function_arguments(r.oid), to_jsonb(a) - 'aggfnoid')
FROM routines AS r JOIN pg_aggregate AS a ON a.aggfnoid = r.oid
UNION ALL
SELECT 'type', t.oid::regtype::text, format('%s, owner %s, rights %s', t.typtype, t.typowner::regrole, pg_temp.rights(t.typacl, 'T', t.typowner))
FROM pg_type AS t JOIN homes AS h ON h.oid = t.typnamespace LEFT JOIN pg_class AS c ON c.oid = t.typrelid
WHERE t.typelem = 0 AND coalesce(c.relkind, 'c') = 'c'
UNION ALL
SELECT 'rights from the start', pg_describe_object(p.classoid, p.objoid, p.objsubid), pg_temp.rights(p.initprivs, 'f', 10)
FROM pg_init_privs AS p WHERE p.privtype = 'e'
UNION ALL
SELECT 'default rights', format('%s in %s on %s', defaclrole::regrole, CASE defaclnamespace WHEN 0 THEN 'all' ELSE defaclnamespace::regnamespace::text END, defaclobjtype),
    pg_temp.rights(defaclacl, defaclobjtype, defaclrole) FROM pg_default_acl
-- relations and their columns
UNION ALL
SELECT 'relation', name, format('%s, %s, owner %s, tablespace %s, access method %s, identity %s', relkind, relpersistence, relowner::regrole,
    (SELECT spcname FROM pg_tablespace AS t WHERE t.oid = reltablespace), (SELECT amname FROM pg_am AS a WHERE a.oid = relam), relreplident)
FROM relations WHERE relkind <> 'c'
UNION ALL
SELECT 'relation', name, 'rights ' || pg_temp.rights(relacl, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner) FROM relations WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
UNION ALL
SELECT 'relation', name, 'row security ' || CASE WHEN relforcerowsecurity THEN 'forced' ELSE 'on' END || CASE WHEN relrowsecurity THEN '' ELSE ', not enabled' END
FROM relations WHERE relrowsecurity OR relforcerowsecurity
UNION ALL
SELECT 'relation', name, 'option ' || o FROM relations, unnest(reloptions) AS o
UNION ALL
SELECT 'relation', r.name, 'toast option ' || o FROM relations AS r JOIN pg_class AS t ON t.oid = r.reltoastrelid, unnest(t.reloptions) AS o
UNION ALL
SELECT 'relation', name, 'partitioned by ' || pg_get_partkeydef(oid) FROM relations WHERE relkind = 'p'
UNION ALL
SELECT 'relation', r.name, format('of %s %s', i.inhparent::regclass, pg_get_expr(r.relpartbound, r.oid)) FROM relations AS r JOIN pg_inherits AS i ON i.inhrelid = r.oid
UNION ALL
SELECT 'column', format('%s.%I', r.name, a.attname), format('%s, %s%s%s%s, storage %s, compression %s, statistics %s, options %s, local %s, inherited %s',
    row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum), format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' not null' END,
    CASE a.attcollation WHEN 0 THEN '' ELSE ' collate ' || a.attcollation::regcollation END,
    CASE a.attidentity WHEN '' THEN '' ELSE ' identity ' || a.attidentity::text END,
    a.attstorage, a.attcompression, nullif(a.attstattarget, -1),
    (SELECT string_agg(o, ' ' ORDER BY o) FROM unnest(a.attoptions) AS o WHERE o !~ '^pg_attver='), -- the server's own
    a.attislocal, a.attinhcount)
FROM relations AS r JOIN pg_attribute AS a ON a.attrelid = r.oid WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'column', format('%s.%I', r.name, a.attname), CASE a.attgenerated WHEN '' THEN 'default ' ELSE 'generated ' END || pg_get_expr(d.adbin, d.adrelid)
FROM relations AS r JOIN pg_attribute AS a ON a.attrelid = r.oid JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
UNION ALL
SELECT 'column', format('%s.%I', r.name, a.attname), 'rights ' || pg_temp.rights(a.attacl, 'c', r.relowner)
FROM relations AS r JOIN pg_attribute AS a ON a.attrelid = r.oid WHERE a.attacl IS NOT NULL
-- constraints, indexes, triggers, rules, views, policies
UNION ALL
SELECT 'constraint', format('%s %I', r.name, c.conname), format('%s%s, of %s', pg_get_constraintdef(c.oid), CASE WHEN c.convalidated THEN '' ELSE ', not validated' END,
    (SELECT format('%s %I', p.conrelid::regclass, p.conname) FROM pg_constraint AS p WHERE p.oid = c.conparentid))
FROM relations AS r JOIN pg_constraint AS c ON c.conrelid = r.oid
WHERE c.contype <> 't' AND NOT (c.contype = 'f' AND c.conparentid <> 0) -- the clones of a foreign key are made, and named, anew
UNION ALL
SELECT 'index', r.name, format('%s, %s%s%s, of %s, tablespace %s', pg_get_indexdef(i.indexrelid), CASE WHEN i.indisvalid THEN 'valid' ELSE 'not valid' END,
    CASE WHEN i.indisclustered THEN ', clustered' END, CASE WHEN i.indisreplident THEN ', replica identity' END,
    (SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = i.indexrelid), (SELECT spcname FROM pg_tablespace AS t WHERE t.oid = r.reltablespace))
FROM relations AS r JOIN pg_index AS i ON i.indexrelid = r.oid
UNION ALL
SELECT 'trigger', format('%s %I', r.name, t.tgname), format('%s, %s, of %s', pg_get_triggerdef(t.oid), t.tgenabled, (SELECT p.tgrelid::regclass FROM pg_trigger AS p WHERE p.oid = t.tgparentid))
FROM relations AS r JOIN pg_trigger AS t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal
UNION ALL
SELECT 'rule', format('%s %I', r.name, w.rulename), format('%s, %s', pg_get_ruledef(w.oid), w.ev_enabled) FROM relations AS r JOIN pg_rewrite AS w ON w.ev_class = r.oid
UNION ALL
SELECT 'policy', format('%s %I', p.polrelid::regclass, p.polname), format('%s, permissive %s, to %s, using %s, check %s', p.polcmd, p.polpermissive,
    (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE role::regrole::text END, ', ' ORDER BY role::regrole::text COLLATE "C") FROM unnest(p.polroles) AS role),
    pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) FROM pg_policy AS p
-- publications, statistics, event triggers, comments
UNION ALL
SELECT 'publication', pubname::text, format('owner %s %s', pubowner::regrole, to_jsonb(p) - '{oid,pubowner,pubname}'::text[]) FROM pg_publication AS p
UNION ALL
SELECT 'publication', p.pubname::text, format('table %s columns %s where %s', r.prrelid::regclass,
    (SELECT string_agg(a.attname, ' ' ORDER BY a.attnum) FROM pg_attribute AS a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)), pg_get_expr(r.prqual, r.prrelid))
FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid
UNION ALL
SELECT 'publication', p.pubname::text, 'schema ' || n.pnnspid::regnamespace FROM pg_publication_namespace AS n JOIN pg_publication AS p ON p.oid = n.pnpubid
UNION ALL
SELECT 'statistics', format('%s.%I', s.stxnamespace::regnamespace, s.stxname), format('%s, owner %s, target %s', pg_get_statisticsobjdef(s.oid), s.stxowner::regrole, nullif(s.stxstattarget, -1))
FROM pg_statistic_ext AS s
UNION ALL
SELECT 'event trigger', evtname::text, format('%s %s %s %s %s', evtevent, evtowner::regrole, evtfoid::regprocedure, evtenabled, evttags) FROM pg_event_trigger
UNION ALL
SELECT 'comment', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description
FROM pg_description AS d JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) AS o ON true
WHERE o.schema IN (SELECT name FROM homes) OR d.objoid >= 16384
-- what is in it
UNION ALL
SELECT 'data', name, pg_temp.digest(oid) FROM relations WHERE relkind IN ('r', 'm') AND (relkind = 'r' OR relispopulated)
UNION ALL
SELECT 'data', name, 'not populated' FROM relations WHERE relkind = 'm' AND NOT relispopulated
UNION ALL
SELECT 'data', format('%I.%I', s.schemaname, s.sequencename), format('next after %s, by %s, owned by %s', s.last_value, s.increment_by,
    (SELECT format('%s.%I', d.refobjid::regclass, a.attname) FROM pg_depend AS d JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
     WHERE d.classid = 'pg_class'::regclass AND d.objid = format('%I.%I', s.schemaname, s.sequencename)::regclass AND d.deptype IN ('a', 'i')))
FROM pg_sequences AS s WHERE s.schemaname IN (SELECT name FROM homes);
