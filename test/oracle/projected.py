"""Projections, told by their views and as plain SQL says them: values of every JSON type at the paths, buckets of hours
and of months, some types of events or all, and more groups than are told apart.

What the last one's rows are is a matter of hashes; so those are added up, with "other", and counted.
"""
HOURLY = "oracle_hourly"
MONTHLY = "oracle_monthly"
CROWDED = "oracle_crowded"

# What a run begins with; each a statement that commits.
PROJECTIONS = (
    f"""CALL analytics_create_projection('{HOURLY}', measures => '{{"n": ["n"]}}', dimensions => '{{"plan": ["plan"],
        "size": {{"path": ["deep", "sizes", "-1"], "type": "bigint"}},
        "flag": {{"type": "boolean", "path": ["deep", "flag"]}},
        "level": {{"path": ["level"], "type": "numeric"}}}}')""",
    f"""CALL analytics_create_projection('{MONTHLY}', event_types => '{{a,order.placed}}', bucket => '5 months',
        measures => '{{"n": {{"path": ["n"]}}, "size": ["deep", "sizes", "0"]}}')""",
    f"""CALL analytics_create_projection('{CROWDED}', bucket => '1 day', max_groups => 2,
        dimensions => '{{"plan": ["plan"], "level": {{"path": ["level"], "type": "numeric"}}}}',
        measures => '{{"n": ["n"]}}')""")


def typed(path, kind, sql_type, fits="true"):
    """SQL for the value at a path where it is of that kind and fits, else null."""
    value = f"e.payload #> '{path}'"
    return f"(CASE WHEN jsonb_typeof({value}) = '{kind}' THEN CASE WHEN {fits.format(value=value)} " \
           f"THEN (e.payload #>> '{path}')::{sql_type} END END)"


PLAN = typed("{plan}", "string", "text", "char_length({value} #>> '{{}}') <= 200")
SIZE = typed("{deep,sizes,-1}", "number", "bigint",
             "({value})::numeric % 1 = 0 AND ({value})::numeric BETWEEN -9223372036854775808 AND 9223372036854775807")
FLAG = typed("{deep,flag}", "boolean", "boolean")
LEVEL = typed("{level}", "number", "numeric")
N = typed("{n}", "number", "numeric")
FIRST_SIZE = typed("{deep,sizes,0}", "number", "numeric")


def mismatched(*fields):
    """SQL for the number of events with a value that is neither null nor as asked for."""
    conditions = (f"(jsonb_typeof(e.payload #> '{path}') <> 'null' AND {value} IS NULL)" for path, value in fields)
    return f"count(*) FILTER (WHERE {' OR '.join(conditions)})"


def measure(value):
    average = f"trim_scale(sum({value})) / nullif(count({value}), 0)"
    return (f"count({value}), trim_scale(sum({value}))::text, ({average})::text, "
            f"trim_scale(min({value}))::text, trim_scale(max({value}))::text")


def measure_told(name):
    return (f"r.{name}_count, trim_scale(r.{name}_sum)::text, r.{name}_avg::text, "
            f"trim_scale(r.{name}_min)::text, trim_scale(r.{name}_max)::text")


TOLD = f"""
    SELECT 0, '{HOURLY}', oracle_key(r.bucket_start, 3600, 0), jsonb_build_array(r.tenant_id, r.plan, r.size, r.flag,
        trim_scale(r.level)::text, r.other, r.mismatched, {measure_told("n")})::text, r.count
    FROM {HOURLY} AS r
    UNION ALL
    SELECT 0, '{MONTHLY}', oracle_key(r.bucket_start, 0, 5), jsonb_build_array(r.tenant_id, r.other, r.mismatched,
        {measure_told("n")}, {measure_told("size")})::text, r.count
    FROM {MONTHLY} AS r
    UNION ALL
    SELECT 0, '{CROWDED}', oracle_key(r.bucket_start, 86400, 0), jsonb_build_array(r.tenant_id, max(r.n_max) IS NULL,
        sum(r.mismatched), sum(r.n_count), trim_scale(sum(r.n_sum))::text, trim_scale(min(r.n_min))::text,
        trim_scale(max(r.n_max))::text, count(*) FILTER (WHERE NOT r.other) <= 2,
        count(*) FILTER (WHERE r.other) <= 1)::text, sum(r.count)::bigint
    FROM {CROWDED} AS r GROUP BY r.bucket_start, r.tenant_id"""

ACTUAL = f"""
    SELECT 0, '{HOURLY}', oracle_key(e.occurred_at, 3600, 0), jsonb_build_array(e.tenant_id, {PLAN}, {SIZE}, {FLAG},
        trim_scale({LEVEL})::text, false,
        {mismatched(("{plan}", PLAN), ("{deep,sizes,-1}", SIZE), ("{deep,flag}", FLAG), ("{level}", LEVEL),
                    ("{n}", N))},
        {measure(N)})::text, count(*)
    FROM analytics_events AS e GROUP BY 3, e.tenant_id, {PLAN}, {SIZE}, {FLAG}, {LEVEL}
    UNION ALL
    SELECT 0, '{MONTHLY}', oracle_key(e.occurred_at, 0, 5), jsonb_build_array(e.tenant_id, false,
        {mismatched(("{n}", N), ("{deep,sizes,0}", FIRST_SIZE))}, {measure(N)}, {measure(FIRST_SIZE)})::text, count(*)
    FROM analytics_events AS e WHERE e.event_type IN ('a', 'order.placed') GROUP BY 3, e.tenant_id
    UNION ALL
    SELECT 0, '{CROWDED}', oracle_key(e.occurred_at, 86400, 0), jsonb_build_array(e.tenant_id, max({N}) IS NULL,
        {mismatched(("{plan}", PLAN), ("{level}", LEVEL), ("{n}", N))}, count({N}), trim_scale(sum({N}))::text,
        trim_scale(min({N}))::text, trim_scale(max({N}))::text, true, true)::text, count(*)
    FROM analytics_events AS e GROUP BY 3, e.tenant_id"""
