/* A hundred thousand errors, each kind in turn, leave nothing behind: no object, no byte in PostgreSQL's memory contexts,
 * no page of the process. The first rounds are not counted: they fill the caches of both sides. */

CREATE EXTENSION boundary_test;
SELECT plan(4);

CREATE FUNCTION cross(rounds integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    kinds text[] := '{core::Error,std::bad_alloc,allocation,std::runtime_error,int}';
BEGIN
    FOR i IN 1 .. rounds LOOP
        BEGIN
            CASE i % 3
                WHEN 0 THEN PERFORM boundary_own(3, 'error');
                WHEN 1 THEN PERFORM boundary_own(3, 'constructor');
                ELSE PERFORM boundary_throw(kinds[1 + i / 3 % cardinality(kinds)], i / 3 % 4);
            END CASE;
            RAISE EXCEPTION USING ERRCODE = 'assert_failure';
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END LOOP;
END
$$;

CREATE FUNCTION contexts_bytes() RETURNS bigint LANGUAGE sql AS $$
    SELECT sum(used_bytes)::bigint FROM pg_backend_memory_contexts
$$;
CREATE FUNCTION private_pages() RETURNS bigint LANGUAGE sql AS $$
    SELECT split_part(statm, ' ', 2)::bigint - split_part(statm, ' ', 3)::bigint
    FROM pg_read_file('/proc/self/statm') AS statm
$$;

SELECT cross(10000);
SELECT contexts_bytes(), private_pages() \g /dev/null
SELECT boundary_counts() \g /dev/null
SELECT contexts_bytes() AS bytes_before, private_pages() AS pages_before \gset
SELECT cross(100000) \g /dev/null
SELECT contexts_bytes() AS bytes_after, private_pages() AS pages_after \gset
SELECT * FROM boundary_counts() \gset

SELECT is(:destroyed::bigint, :made::bigint, 'every object was destroyed');
SELECT cmp_ok(:made::bigint, '>', 250000::bigint, '… of hundreds of thousands');
SELECT cmp_ok(:bytes_after::bigint - :bytes_before, '<', 65536::bigint,
    'PostgreSQL''s memory contexts hold what they held before');
SELECT cmp_ok(:pages_after::bigint - :pages_before, '<', 256::bigint,
    'the process holds less than 1 MiB more than before');

SELECT finish();
