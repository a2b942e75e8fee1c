/* Dead letters: records that are no events, kept as they came. */

CREATE TABLE analytics_dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reason text NOT NULL,
    detail text,
    value bytea,
    topic text,
    partition integer,
    "offset" bigint,
    key bytea,
    recorded_at timestamptz,
    headers jsonb,
    received_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    replayed_at timestamptz,
    CONSTRAINT analytics_dead_letters_record UNIQUE (topic, partition, "offset")
);

COMMENT ON TABLE analytics_dead_letters IS
    'Every refused record with its raw bytes, written in the transaction that refused it. The same Kafka record never makes two.';
COMMENT ON COLUMN analytics_dead_letters.reason IS 'Why it was refused: the closed list of the reference, section "Refused records".';
COMMENT ON COLUMN analytics_dead_letters.detail IS 'What exactly, and where; never the payload itself.';
COMMENT ON COLUMN analytics_dead_letters.value IS 'The record''s value, byte for byte.';
COMMENT ON COLUMN analytics_dead_letters.topic IS 'Kafka topic, null for records that did not come from Kafka; likewise the next four columns.';
COMMENT ON COLUMN analytics_dead_letters.partition IS 'Kafka partition.';
COMMENT ON COLUMN analytics_dead_letters."offset" IS 'Kafka offset.';
COMMENT ON COLUMN analytics_dead_letters.key IS 'The record''s key, byte for byte.';
COMMENT ON COLUMN analytics_dead_letters.recorded_at IS 'The record''s timestamp.';
COMMENT ON COLUMN analytics_dead_letters.headers IS
    'The record''s headers in their order: [{"name", "value"}], or "base64" in place of "value" where the bytes are no storable text.';
COMMENT ON COLUMN analytics_dead_letters.received_at IS 'Start of the transaction that refused it.';
COMMENT ON COLUMN analytics_dead_letters.replayed_at IS 'When a replay accepted it, else null.';

SELECT pg_catalog.pg_extension_config_dump('analytics_dead_letters', '');
SELECT pg_catalog.pg_extension_config_dump('analytics_dead_letters_id_seq', '');
