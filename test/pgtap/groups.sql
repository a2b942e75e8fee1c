-- Consumer groups: which of them count as lag; retired ones, and ones that nobody owns any more.
\ir include/start.psql
SELECT * FROM no_plan();

CREATE FUNCTION tap.groups() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', consumer_group, state, coalesce(lag_records::text, '-')), ', ' ORDER BY consumer_group) FROM analytics_consumer_groups();
$$;
CREATE FUNCTION tap.age(consumer text, by interval) RETURNS void LANGUAGE sql AS $$
    UPDATE analytics_kafka_offsets SET updated_at = updated_at - by WHERE consumer_group = consumer;
$$;
CREATE FUNCTION tap.rewound(consumer text, claims bigint[][]) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(r.topic || r.partition, ' ' ORDER BY r.partition), 'none')
    FROM (SELECT array_agg('t'::text) AS topics, array_agg(claims[i][1]) AS partitions, array_agg(claims[i][2]) AS epochs, array_agg(claims[i][3]) AS offsets FROM generate_subscripts(claims, 1) AS i) AS c,
        _analytics_rewound_claims(consumer, c.topics, c.partitions, c.epochs, c.offsets) AS r;
$$;

SELECT is(tap.groups(), NULL, 'no group');
SELECT analytics_claim_partition('young', 't', p, 'h:1', 0, 10) FROM generate_series(0, 1) AS p \g /dev/null
SELECT analytics_claim_partition('silent', 't', 0, 'h:1', 0) \g /dev/null
SELECT analytics_claim_partition('old', 't', p, 'h:2', 0, 50 * (p + 1)) FROM generate_series(0, 1) AS p \g /dev/null
SELECT is(tap.groups(), 'old counted 150, silent counted -, young counted 20', 'each with its lag');
SELECT is(analytics_lag_records(), 150::bigint, 'the lag is that of the one furthest behind');

-- Nobody has owned it for long.
SELECT tap.age('old', '6 days 23 hours') \g /dev/null
SELECT is(analytics_lag_records(), 150::bigint, 'not quite a week ago: it counts');
SELECT tap.age('old', '2 hours') \g /dev/null
SELECT is(tap.groups(), 'old timed out 150, silent counted -, young counted 20', 'a week ago: it does not, and its lag is known');
SELECT is(analytics_lag_records(), 20::bigint, 'another is furthest behind');
SELECT is(analytics_summary() #> '{freshness,lagRecords}', '20', 'for the summary, too');
SET analytics.group_timeout = '8d';
SELECT is(analytics_lag_records(), 150::bigint, 'a longer time');
SET analytics.group_timeout = '90min';
SELECT is(analytics_lag_records(), 20::bigint, 'a shorter one');
SET analytics.group_timeout = -1;
SELECT is(analytics_lag_records(), 150::bigint, 'for ever');
RESET analytics.group_timeout;
SELECT analytics_claim_partition('old', 't', 0, 'h:3', 0, 60) \g /dev/null
SELECT is(tap.groups(), 'old counted 160, silent counted -, young counted 20', 'who claims one partition owns the group again');
SELECT tap.age('old', '8 days') \g /dev/null
SELECT analytics_ingest_kafka('old', 't', 0, 2, 0, 5, '{}', '{}', high_watermark => 60) \g /dev/null
SELECT is(tap.groups(), 'old counted 155, silent counted -, young counted 20', 'so does who stores a batch');

-- An ingestor that has nothing to store shows that it owns its partitions.
SELECT tap.age('old', '8 days') \g /dev/null
SELECT is(tap.rewound('old', '{{0,2,5},{1,1,0}}'), 'none', 'the database has its claims');
SELECT is(tap.groups(), 'old counted 155, silent counted -, young counted 20', 'and knows that they are owned');
SELECT is(count(*), 2::bigint, 'both') FROM analytics_kafka_offsets WHERE consumer_group = 'old' AND updated_at > now() - interval '1 minute';
SELECT tap.age('old', '9 minutes') \g /dev/null
SELECT is(tap.rewound('old', '{{0,2,5},{1,1,0}}'), 'none', 'a few minutes later');
SELECT is(count(*), 2::bigint, 'nothing is written') FROM analytics_kafka_offsets WHERE consumer_group = 'old' AND updated_at < now() - interval '8 minutes';
SELECT tap.age('old', '1 hour') \g /dev/null
SELECT is(tap.rewound('old', '{{0,2,NULL},{1,1,NULL},{2,1,NULL}}'), 'none', 'batches of unknown outcome');
SELECT is(count(*), 2::bigint, 'do not hide that they are owned') FROM analytics_kafka_offsets WHERE consumer_group = 'old' AND updated_at > now() - interval '1 minute';
SELECT tap.age('old', '1 hour') \g /dev/null
SELECT is(tap.rewound('old', '{{0,3,5},{1,1,7},{2,1,0}}'), 't0 t1 t2', 'an epoch that the database lost, an offset, a row');
SELECT is(array_agg(partition), '{1}', 'only a claim of the same epoch counts as owned') FROM analytics_kafka_offsets WHERE consumer_group = 'old' AND updated_at > now() - interval '1 minute';
SELECT is(tap.rewound('old', '{{0,1,5}}'), 'none', 'a claim that somebody else has fenced off is not rewound');
SELECT is(array_agg(partition), '{1}', 'and not owned') FROM analytics_kafka_offsets WHERE consumer_group = 'old' AND updated_at > now() - interval '1 minute';

-- Retired.
SELECT is(analytics_retire_group('old'), 2::bigint, 'a group is retired: its partitions');
SELECT is(tap.groups(), 'old retired -, silent counted -, young counted 20', 'and counts no more');
SELECT is(analytics_lag_records(), 20::bigint, 'nowhere');
SELECT is(array_agg(next_offset ORDER BY partition), '{5,0}', 'its offsets are kept') FROM analytics_kafka_offsets WHERE consumer_group = 'old';
SELECT is(retired_at > last_owned_at, true, 'and when it was retired') FROM analytics_consumer_groups() WHERE consumer_group = 'old';
SELECT is(analytics_retire_group('old'), 2::bigint, 'twice is the same');
SELECT is(analytics_retire_group('young'), 2::bigint, 'another');
SELECT is(analytics_lag_records(), NULL, 'no group is left that has reported');
SELECT is(next_offset, 5::bigint, 'it comes back, and is read on from where it was') FROM analytics_claim_partition('old', 't', 0, 'h:4', 0, 70);
SELECT is(tap.groups(), 'old counted 65, silent counted -, young retired -', 'what was claimed counts, and no other partition');
SELECT analytics_ingest_kafka('young', 't', 0, 1, 0, 3, '{}', '{}') \g /dev/null
SELECT is(tap.groups(), 'old counted 65, silent counted -, young counted 7', 'one that was never stopped counts with its next batch');
SELECT is(tap.rewound('young', '{{1,1,0}}'), 'none', 'or when it shows that it owns');
SELECT is(tap.groups(), 'old counted 65, silent counted -, young counted 17', 'its other partition');
SELECT tap.fails('SELECT analytics_retire_group(''nobody'')', 'P0002', 'a group that never was');
SELECT tap.fails('SELECT analytics_retire_group(NULL)', 'P0002', 'null');

SELECT * FROM finish();
