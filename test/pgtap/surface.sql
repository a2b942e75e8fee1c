-- The surface: what is installed, as whom it runs, who may use it; and that nothing is left when it goes.
\ir include/start.psql
SELECT * FROM no_plan();

CREATE VIEW tap.members AS SELECT classid::regclass::text AS kind, objid AS id FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'analytics_events') AND deptype = 'e';
CREATE VIEW tap.functions AS SELECT p.*, p.oid::regprocedure::text AS name FROM pg_proc AS p JOIN tap.members ON kind = 'pg_proc' AND id = p.oid;
CREATE VIEW tap.relations AS SELECT c.* FROM pg_class AS c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') AND NOT relispartition;
CREATE VIEW tap.tables AS SELECT * FROM tap.relations WHERE relkind <> 'v';

SET intervalstyle = postgres;

-- Functions: name, volatility, strictness, parallel safety, language, and whether everybody may call it.
CREATE TEMP TABLE due (proname text, arguments text, result text, marks text, everybody boolean);
INSERT INTO due VALUES
('_analytics_check_feed', '', 'trigger', 'volatile unsafe', true),
('_analytics_feed_drop', 'range_start timestamp with time zone, range_end timestamp with time zone', 'void', 'volatile unsafe', true),
('_analytics_feed_position', 'after text, OUT tick bigint, OUT number bigint, OUT index integer, OUT is_past boolean, OUT occurred_at timestamp with time zone, OUT id uuid', 'record', 'immutable strict safe', true),
('_analytics_feed_start', 'name text, after text, OUT event_types text[], OUT feed_tenant text, OUT last_tick bigint, OUT from_tick bigint, OUT from_number bigint, OUT from_index integer, OUT is_past boolean, OUT from_time timestamp with time zone, OUT from_id uuid, OUT is_paused boolean, OUT source text', 'record', 'stable unsafe', true),
('_analytics_maintain_outbox', 'reference timestamp with time zone, item text, OUT rows bigint, OUT items text[], OUT failure text', 'record', 'volatile unsafe', true),
('_analytics_next_tick', 'OUT tick bigint, OUT history text', 'record', 'volatile unsafe', true),
('_analytics_register_feed', 'name text, source text, topic text, event_types text[], tenant_id text, key text, format text, since text, keep interval, every interval', 'void', 'volatile unsafe', false),
('_analytics_set_feed_pause', 'name text, paused_at timestamp with time zone', 'void', 'volatile unsafe', true),
('_analytics_start_feed', 'name text', 'void', 'volatile strict unsafe', false),
('_analytics_has_feeds', '', 'boolean', 'stable unsafe', true), ('analytics_has_feeds', '', 'boolean', 'stable unsafe', true),
('_analytics_tick_feeds', '', 'boolean', 'volatile unsafe', true), ('analytics_tick_feeds', '', 'boolean', 'volatile unsafe', false),
('_analytics_claim_feeds', 'publisher text, names text[] DEFAULT NULL::text[], feeds text[] DEFAULT NULL::text[], generations bigint[] DEFAULT NULL::bigint[], positions text[] DEFAULT NULL::text[], faults text[] DEFAULT NULL::text[], OUT name text, OUT epoch bigint, OUT generation bigint, OUT begin_at text, OUT takes_over boolean, OUT "position" text, OUT topic text, OUT every_ms bigint, OUT fault text, OUT ticks_behind bigint, OUT seconds_behind double precision, OUT oldest_seconds double precision, OUT key text, OUT claimed_by text, OUT claimed_seconds double precision, OUT source text', 'SETOF record', 'volatile unsafe', true),
('analytics_claim_feeds', 'publisher text, names text[] DEFAULT NULL::text[], feeds text[] DEFAULT NULL::text[], generations bigint[] DEFAULT NULL::bigint[], positions text[] DEFAULT NULL::text[], faults text[] DEFAULT NULL::text[], OUT name text, OUT epoch bigint, OUT generation bigint, OUT begin_at text, OUT takes_over boolean, OUT "position" text, OUT topic text, OUT every_ms bigint, OUT fault text, OUT ticks_behind bigint, OUT seconds_behind double precision, OUT oldest_seconds double precision, OUT key text, OUT claimed_by text, OUT claimed_seconds double precision, OUT source text', 'SETOF record', 'volatile unsafe', false),
('_analytics_feed_messages', 'name text, after text DEFAULT NULL::text, max_rows integer DEFAULT 5000, max_bytes integer DEFAULT 4194304, OUT "position" text, OUT recipients text, OUT key text, OUT value text, OUT "content-type" text, OUT "analytics-operation" text, OUT "analytics-position" text, OUT "analytics-time" text, OUT "analytics-id" text, OUT "analytics-event-type" text, OUT "analytics-tenant" text, OUT ce_specversion text, OUT ce_id text, OUT ce_source text, OUT ce_type text, OUT ce_time text, OUT ce_tenantid text', 'SETOF record', 'stable unsafe', true),
('analytics_feed_messages', 'name text, after text DEFAULT NULL::text, max_rows integer DEFAULT 5000, max_bytes integer DEFAULT 4194304, OUT "position" text, OUT recipients text, OUT key text, OUT value text, OUT "content-type" text, OUT "analytics-operation" text, OUT "analytics-position" text, OUT "analytics-time" text, OUT "analytics-id" text, OUT "analytics-event-type" text, OUT "analytics-tenant" text, OUT ce_specversion text, OUT ce_id text, OUT ce_source text, OUT ce_type text, OUT ce_time text, OUT ce_tenantid text', 'SETOF record', 'stable unsafe', false),
('_analytics_mark_dead_letters_published', 'ids bigint[], faulty_ids bigint[] DEFAULT NULL::bigint[], faults text[] DEFAULT NULL::text[]', 'void', 'volatile unsafe', false),
('_analytics_unpublished_dead_letters', 'max_rows integer DEFAULT 500, OUT id bigint, OUT key text, OUT value bytea, OUT header text, OUT header_value bytea, OUT fault text', 'SETOF record', 'volatile unsafe', false),
('_analytics_dead_letter_number', 'id uuid', 'bigint', 'immutable strict safe', true),
('_analytics_dead_letters_past', 'name text, after text, max_rows integer, OUT "position" text, OUT dead_letter bigint', 'SETOF record', 'stable unsafe', true),
('_analytics_dead_letters_noted', 'name text, after text, max_rows integer, OUT "position" text, OUT dead_letter bigint', 'SETOF record', 'stable unsafe', true),
('_analytics_dead_letter_page', 'name text, after text, max_rows integer, OUT "position" text, OUT dead_letter bigint', 'SETOF record', 'stable unsafe', true),
('_analytics_dead_letter_feed', 'name text, after text, max_rows integer, OUT "position" text, OUT operation text, OUT occurred_at timestamp with time zone, OUT id uuid, OUT event_type text, OUT tenant_id text, OUT value json, OUT key json', 'SETOF record', 'stable unsafe', true),
('_analytics_dead_letter_messages', 'name text, after text DEFAULT NULL::text, max_rows integer DEFAULT 500, OUT "position" text, OUT key text, OUT value bytea, OUT header text, OUT header_value bytea, OUT fault text', 'SETOF record', 'stable unsafe', true),
('analytics_dead_letter_messages', 'name text, after text DEFAULT NULL::text, max_rows integer DEFAULT 500, OUT "position" text, OUT key text, OUT value bytea, OUT header text, OUT header_value bytea, OUT fault text', 'SETOF record', 'stable unsafe', false),
('_analytics_skip_dead_letter', '"position" text, fault text', 'bigint', 'volatile unsafe', true), ('analytics_skip_dead_letter', '"position" text, fault text', 'bigint', 'volatile unsafe', false),
('_analytics_feed_dead_letters', 'topic text', 'text', 'volatile unsafe', true), ('analytics_feed_dead_letters', 'topic text', 'text', 'volatile unsafe', false), ('_analytics_await_dead_letter_writers', '', 'void', 'volatile unsafe', false),
('analytics_republish_feed', 'name text, after text DEFAULT ''beginning''::text', 'void', 'volatile unsafe', false),
('_analytics_tick', '', 'bigint', 'volatile unsafe', true),
('analytics_create_feed', 'IN name text, IN source text DEFAULT ''events''::text, IN topic text DEFAULT NULL::text, IN event_types text[] DEFAULT NULL::text[], IN tenant_id text DEFAULT NULL::text, IN key text DEFAULT ''id''::text, IN format text DEFAULT ''event''::text, IN since text DEFAULT ''beginning''::text, IN keep interval DEFAULT ''7 days''::interval, IN every interval DEFAULT ''00:00:01''::interval', NULL, 'volatile unsafe', false),
('analytics_drop_feed', 'name text', 'void', 'volatile strict unsafe', false),
('analytics_pause_feed', 'name text', 'void', 'volatile strict unsafe', false),
('analytics_read_feed', 'name text, after text DEFAULT NULL::text, max_rows integer DEFAULT 1000, OUT "position" text, OUT operation text, OUT occurred_at timestamp with time zone, OUT id uuid, OUT event_type text, OUT tenant_id text, OUT value json, OUT key json', 'SETOF record', 'stable unsafe', true),
('_analytics_note_rows', 'projection integer, window_start timestamp with time zone, window_end timestamp with time zone, doubtful_alone boolean', 'void', 'volatile strict unsafe', true),
('_analytics_projection_key', 'projection integer, key bytea', 'SETOF record', 'stable strict unsafe', true),
('_analytics_view_feed_query', 'view json', 'text', 'stable strict safe', true),
('_analytics_note_counts', 'window_start timestamp with time zone, window_end timestamp with time zone', 'void', 'volatile strict unsafe', true),
('_analytics_feed_view', 'source text, tenant_id text', 'json', 'stable restricted', true),
('_analytics_view_feed_past', 'name text, after text, max_rows integer, OUT "position" text, OUT operation text, OUT occurred_at timestamp with time zone, OUT id uuid, OUT event_type text, OUT tenant_id text, OUT value json, OUT key json', 'SETOF record', 'stable unsafe', true),
('_analytics_view_feed_changes', 'name text, after text, max_rows integer, OUT "position" text, OUT operation text, OUT occurred_at timestamp with time zone, OUT id uuid, OUT event_type text, OUT tenant_id text, OUT value json, OUT key json', 'SETOF record', 'stable unsafe', true),
('analytics_resume_feed', 'name text', 'void', 'volatile strict unsafe', false),
('analytics_start_feed', 'IN name text', NULL, 'volatile unsafe', false),
('analytics_tick', '', 'bigint', 'volatile unsafe', false),
('_analytics_check_retention', '', 'trigger', 'volatile unsafe', true),
('_analytics_drop_kept_rollups', 'cutoff timestamp with time zone, max_ranges integer, OUT range_start timestamp with time zone, OUT range_end timestamp with time zone', 'SETOF record', 'volatile unsafe', true),
('_analytics_delete_expired', 'part text, expired text, bytes text, cutoff timestamp with time zone, other_cutoff timestamp with time zone, item text, OUT rows bigint, OUT items text[], OUT failure text', 'record', 'volatile unsafe', true),
('_analytics_drop_partition', 'partition regclass, cutoff timestamp with time zone', 'bigint', 'volatile unsafe', true),
('_analytics_maintenance_parts', '', 'text[]', 'immutable unsafe', true),
('_analytics_require_reference', 'reference timestamp with time zone', 'void', 'stable unsafe', true),
('_analytics_rule_for_all', 'reference timestamp with time zone, OUT cutoff timestamp with time zone, OUT keep_counts boolean', 'SETOF record', 'stable unsafe', true),
('_analytics_tell_kept', 'part text, kept bigint', 'void', 'volatile unsafe', true),
('_analytics_event_rules', 'reference timestamp with time zone, OUT number bigint, OUT event_types text[], OUT tenant_id text, OUT keep_counts boolean, OUT delete_start timestamp with time zone, OUT delete_end timestamp with time zone, OUT drop_end timestamp with time zone', 'SETOF record', 'stable unsafe', true),
('_analytics_fold_bucket', 'projection integer, bucket_start timestamp with time zone, tenant_id text', 'bigint', 'volatile unsafe', true),
('_analytics_fold_hour', 'hour timestamp with time zone, newest_ingestion timestamp with time zone, of_totals boolean, tenant_id text', 'bigint', 'volatile unsafe', true),
('_analytics_keep_until', 'what text, reference timestamp with time zone', 'timestamp with time zone', 'stable unsafe', true),
('_analytics_maintain_projections', 'reference timestamp with time zone, item text, OUT rows bigint, OUT items text[], OUT failure text', 'record', 'volatile unsafe', true),
('_analytics_maintain_bags', 'reference timestamp with time zone, item text, OUT rows bigint, OUT items text[], OUT failure text', 'record', 'volatile unsafe', true),
('_analytics_maintain_counts', 'reference timestamp with time zone, item text, OUT rows bigint, OUT items text[], OUT failure text', 'record', 'volatile unsafe', true),
('_analytics_maintain_dead_letters', 'reference timestamp with time zone, item text, OUT rows bigint, OUT items text[], OUT failure text', 'record', 'volatile unsafe', true),
('_analytics_maintain_events', 'reference timestamp with time zone, item text, OUT rows bigint, OUT items text[], OUT failure text', 'record', 'volatile unsafe', true),
('_analytics_maintain_new_partitions', 'reference timestamp with time zone, item text, OUT rows bigint, OUT items text[], OUT failure text', 'record', 'volatile unsafe', true),
('_analytics_maintain_old_partitions', 'reference timestamp with time zone, item text, OUT rows bigint, OUT items text[], OUT failure text', 'record', 'volatile unsafe', true),
('_analytics_maintain_retired_groups', 'reference timestamp with time zone, item text, OUT rows bigint, OUT items text[], OUT failure text', 'record', 'volatile unsafe', true),
('_analytics_maintain_sizes', 'reference timestamp with time zone, item text, OUT rows bigint, OUT items text[], OUT failure text', 'record', 'volatile unsafe', true),
('_analytics_maintain_untimed_keys', 'reference timestamp with time zone, item text, OUT rows bigint, OUT items text[], OUT failure text', 'record', 'volatile unsafe', true),
('_analytics_maintain_step', 'part text, reference timestamp with time zone, item text, OUT rows bigint, OUT items text[], OUT failure text', 'record', 'volatile unsafe', true),
('_analytics_maintenance_state', 'OUT maintained_at timestamp with time zone, OUT failed_parts bigint', 'record', 'stable unsafe', true),
('_analytics_record_maintenance', 'part text, started_at timestamp with time zone, rows bigint, failure text', 'void', 'volatile unsafe', true),
('_analytics_sizes', 'reference timestamp with time zone, OUT table_name text, OUT rows bigint, OUT bytes bigint, OUT rows_a_day bigint, OUT bytes_a_day bigint', 'SETOF record', 'stable unsafe', true),
('_analytics_table_sizes', 'OUT table_name text, OUT rows bigint, OUT bytes bigint', 'SETOF record', 'stable unsafe', true),
('analytics_maintain', 'IN reference timestamp with time zone DEFAULT NULL::timestamp with time zone, IN patience interval DEFAULT ''00:05:00''::interval', NULL, 'volatile unsafe', false),
('analytics_maintain_step', 'part text, reference timestamp with time zone, item text, OUT rows bigint, OUT items text[], OUT failure text', 'record', 'volatile unsafe', false),
('analytics_maintenance_state', 'OUT maintained_at timestamp with time zone, OUT failed_parts bigint', 'record', 'stable unsafe', true),
('analytics_record_maintenance', 'part text, started_at timestamp with time zone, rows bigint, failure text', 'void', 'volatile unsafe', false),
('analytics_sizes', 'reference timestamp with time zone DEFAULT now(), OUT table_name text, OUT rows bigint, OUT bytes bigint, OUT rows_a_day bigint, OUT bytes_a_day bigint', 'SETOF record', 'stable unsafe', false),
('_analytics_attach_trigger', 'relation regclass, trigger text, fires text, level text, called text', 'void', 'volatile strict unsafe', true),
('_analytics_attach_triggers', '', 'void', 'volatile unsafe', true),
('_analytics_create_projection_view', 'name text', 'void', 'volatile unsafe', true),
('_analytics_rebuild', 'window_start timestamp with time zone, window_end timestamp with time zone', 'bigint', 'volatile unsafe', true),
('_analytics_retain', 'older_than interval, keep_rollups boolean, OUT partition text, OUT range_start timestamp with time zone, OUT range_end timestamp with time zone, OUT events bigint', 'SETOF record', 'volatile unsafe', true),
('_analytics_store_identity', 'OUT id uuid, OUT system_identifier bigint, OUT database_oid oid, OUT database text', 'record', 'volatile unsafe', true),
('_analytics_verify', 'window_start timestamp with time zone, window_end timestamp with time zone, OUT rollup text, OUT minute timestamp with time zone, OUT tenant_id text, OUT event_type text, OUT events bigint, OUT counted bigint', 'SETOF record', 'stable unsafe', true),
('_analytics_http_dead_letter_summary', '', 'text', 'stable safe', true),
('_analytics_http_dead_letters', 'max_rows integer, before_id bigint, reason text, topic text, replayed boolean', '_analytics_page', 'stable unsafe', true),
('_analytics_http_event', 'occurred_at timestamp with time zone, id uuid', 'text', 'stable safe', true),
('_analytics_http_histogram', 'window_start timestamp with time zone, window_end timestamp with time zone, bucket text, tenant_id text, event_type text, timezone text, OUT body text, OUT tag_source text', 'record', 'stable restricted', true),
('_analytics_http_outcomes', 'records bytea[], OUT item integer, OUT outcome text, OUT reason text, OUT detail text, OUT event text, OUT occurred_at timestamp with time zone, OUT id uuid', 'SETOF record', 'volatile unsafe', true),
('_analytics_http_feed', 'name text, after text, max_rows integer, max_bytes integer, is_admin boolean, OUT "position" text, OUT operation text, OUT item text', 'SETOF record', 'stable unsafe', true),
('_analytics_http_feed_names', 'is_admin boolean', 'SETOF text', 'stable safe', true),
('_analytics_http_feed_state', '', 'text', 'stable safe', true),
('_analytics_http_feeds', 'is_admin boolean', 'text', 'stable safe', true),
('_analytics_http_projection', 'name text, max_rows integer, before_position bigint, before_key uuid, window_start timestamp with time zone, window_end timestamp with time zone, tenant_id text, OUT state text, OUT page _analytics_page', 'record', 'stable unsafe', true),
('_analytics_http_projections', '', 'text', 'stable safe', true),
('_analytics_http_recent', 'max_rows integer, before_position bigint, before_id uuid, tenant_id text, event_type text', '_analytics_page', 'stable unsafe', true),
('_analytics_http_record', 'record bytea, OUT outcome text, OUT reason text, OUT detail text, OUT code text, OUT event text, OUT occurred_at text, OUT id uuid', 'record', 'volatile unsafe', true),
('_analytics_http_record_batch', 'array_bytes bytea, records bytea[], max_items integer, OUT items integer, OUT body text', 'record', 'volatile unsafe', true),
('_analytics_http_replay', 'max_rows integer, after_id bigint, reason text, topic text', 'text', 'volatile unsafe', true),
('_analytics_http_summary', 'window_minutes integer, reference timestamp with time zone, tenant_id text, OUT body text, OUT tag_source text', 'record', 'stable restricted', true),
('_analytics_page', 'rows refcursor, max_rows integer, max_bytes integer DEFAULT NULL::integer', '_analytics_page', 'stable unsafe', true),
('_analytics_position', 'instant timestamp with time zone', 'bigint', 'immutable strict safe', true),
('_analytics_time_at', 'list_position bigint', 'timestamp with time zone', 'immutable strict safe', true),
('_analytics_refuse_bags', '', 'trigger', 'volatile unsafe', true),
('_analytics_relation', 'name text', 'regclass', 'stable strict safe', true),
('_analytics_release_tables', '', 'void', 'volatile unsafe', true),
('_analytics_require_row_security', '', 'void', 'stable safe', true),
('_analytics_require_tables', '', 'void', 'stable safe', true),
('_analytics_table_differences', '', 'SETOF text', 'volatile unsafe', true),
('_analytics_table_changes', '', 'TABLE(name text, relation text, statement text)', 'immutable safe', true),
('_analytics_tables_are_current', '', 'boolean', 'stable safe', true),
('_analytics_run_as_owner', 'relation regclass, statement text', 'void', 'volatile strict unsafe', true),
('_analytics_foreign_tables', 'in_use text[]', 'SETOF text', 'stable safe', true),
('_analytics_count_dead_letters', '', 'void', 'volatile unsafe', true),
('_analytics_refuse_tables', 'differences text[]', 'void', 'stable safe', true),
('_analytics_update_tables', 'in_use text[]', 'boolean', 'volatile unsafe', true),
('_analytics_tables', '', 'TABLE(name text, definition text)', 'immutable safe', true),
('analytics_create_tables', '', 'void', 'volatile unsafe', true),
('analytics_drop_tables', 'confirm text', 'void', 'volatile unsafe', true),
('analytics_build_projection', 'IN name text', NULL, 'volatile unsafe', false),
('_analytics_build_projection_chunk', 'name text', 'boolean', 'volatile strict unsafe', false),
('_analytics_check_projection', '', 'trigger', 'volatile unsafe', true),
('analytics_create_projection', 'IN name text, IN event_types text[] DEFAULT NULL::text[], IN dimensions json DEFAULT ''{}''::json, IN measures json DEFAULT ''{}''::json, IN bucket interval DEFAULT ''01:00:00''::interval, IN max_groups integer DEFAULT 10000, IN view_schema text DEFAULT "current_schema"(), IN version text DEFAULT ''stored''::text', NULL, 'volatile unsafe', false),
('analytics_drop_projection', 'name text', 'void', 'volatile strict unsafe', false),
('_analytics_projection_columns', 'dimensions json, measures json, OUT name text, OUT type text', 'SETOF record', 'immutable strict safe', true),
('_analytics_projection_missing', 'projection integer, window_start timestamp with time zone, window_end timestamp with time zone, OUT bucket_start timestamp with time zone, OUT bucket_end timestamp with time zone, OUT tenant_id text, OUT events bigint, OUT counted bigint, OUT cells bytea', 'SETOF record', 'stable strict unsafe', true),
('_analytics_projection_kept', 'projection integer, window_start timestamp with time zone, window_end timestamp with time zone, OUT bucket_start timestamp with time zone, OUT bucket_end timestamp with time zone, OUT tenant_id text, OUT events bigint, OUT counted bigint, OUT cells bytea', 'SETOF record', 'stable strict unsafe', true),
('_analytics_upcasts_of', 'event_types text[]', 'jsonb', 'stable unsafe', true),
('_analytics_outdated_projections', '', 'SETOF text', 'stable unsafe', true),
('_analytics_tell_projections', '', 'trigger', 'volatile unsafe', true),
('_analytics_forget_projection_bags', '', 'bigint', 'volatile unsafe', true),
('_analytics_renew_projection', 'name text', 'boolean', 'volatile strict unsafe', true),
('_analytics_await_event_writers', '', 'void', 'volatile unsafe', true),
('_analytics_projection_json', 'name text', 'json', 'stable strict safe', true),
('_analytics_projection_page', 'name text, max_rows integer DEFAULT 50, before_bucket_start timestamp with time zone DEFAULT NULL::timestamp with time zone, before_key uuid DEFAULT NULL::uuid, window_start timestamp with time zone DEFAULT NULL::timestamp with time zone, window_end timestamp with time zone DEFAULT NULL::timestamp with time zone, tenant_id text DEFAULT NULL::text, OUT bucket_start timestamp with time zone, OUT key uuid, OUT item json', 'SETOF record', 'stable restricted', true),
('_analytics_view_of_projection', 'name text', 'json', 'stable strict safe', true),
('_analytics_view_of_counts', 'tenant_id text', 'json', 'stable restricted', true),
('_analytics_view_page', 'view json, max_rows integer, before_time timestamp with time zone, before_place uuid, window_start timestamp with time zone, window_end timestamp with time zone, event_types text[], tenant_id text, OUT "time" timestamp with time zone, OUT place uuid, OUT event_type text, OUT key json, OUT item json', 'SETOF record', 'stable restricted', true),
('_analytics_require_bags', 'what text, bags regclass', 'void', 'stable strict restricted', true),
('_analytics_projection_query', 'name text, dimensions json, measures json', 'text', 'stable strict safe', true),
('_analytics_projection_rows', 'projection integer, bucket_start timestamp with time zone, tenant_id text, bags bytea[]', 'SETOF record', 'stable safe', true),
('_analytics_latest_projection_rows', 'projection integer, bucket_start timestamp with time zone, tenant_id text, bags bytea[]', 'SETOF record', 'stable unsafe', true),
('_analytics_ready_projection', 'name text', 'integer', 'stable strict restricted', true),
('_analytics_register_projection', 'name text, event_types text[], dimensions json, measures json, bucket interval, max_groups integer, view_schema text, version text DEFAULT ''stored''::text', 'void', 'volatile unsafe', false),
('_analytics_require_projection', 'name text, event_types text[], dimensions json, measures json, bucket interval, max_groups integer', 'void', 'immutable safe', true),
('analytics_accept_gap', 'consumer_group text, topic text, partition integer, from_offset bigint, to_offset bigint, note text DEFAULT NULL::text', 'analytics_kafka_gap', 'volatile unsafe', false),
('_analytics_gap_accepted', 'consumer_group text, topic text, partition integer, owner_epoch bigint', 'boolean', 'stable safe', true),
('_analytics_ingest_again', 'records bytea[], received_at timestamp with time zone[], OUT item integer, OUT outcome text, OUT reason text, OUT detail text', 'SETOF record', 'volatile strict unsafe', false),
('analytics_store_identity', 'OUT id uuid, OUT system_identifier bigint, OUT database_oid oid, OUT database text', 'record', 'volatile unsafe', true),
('analytics_open_dead_letters', '', 'bigint', 'stable restricted', true),
('_analytics_dead_letter_counts_agree', '', 'boolean', 'volatile restricted', true),
('_analytics_dead_letter_row', '', 'trigger', 'volatile unsafe', false),
('_analytics_dead_letter_statement', '', 'trigger', 'volatile unsafe', false),
('_analytics_dead_letter_truncate', '', 'trigger', 'volatile unsafe', false),
('analytics_purge_dead_letters', 'older_than interval, max_rows integer DEFAULT NULL::integer, reason text DEFAULT NULL::text, topic text DEFAULT NULL::text, replayed boolean DEFAULT NULL::boolean', 'bigint', 'volatile unsafe', false),
('analytics_replay_all_dead_letters', 'IN chunk integer DEFAULT 10000, IN reason text DEFAULT NULL::text, IN topic text DEFAULT NULL::text, IN received_start timestamp with time zone DEFAULT NULL::timestamp with time zone, IN received_end timestamp with time zone DEFAULT NULL::timestamp with time zone, INOUT replayed bigint DEFAULT 0, INOUT stored bigint DEFAULT 0, INOUT duplicates bigint DEFAULT 0, INOUT still_refused bigint DEFAULT 0', NULL, 'volatile unsafe', false),
('analytics_replay_dead_letters', 'max_rows integer, after_id bigint, reason text, topic text, ids bigint[], received_start timestamp with time zone, received_end timestamp with time zone, OUT replayed bigint, OUT stored bigint, OUT duplicates bigint, OUT still_refused bigint, OUT last_id bigint', 'record', 'volatile unsafe', false),
('analytics_replay_dead_letters', 'max_rows integer DEFAULT 10000, after_id bigint DEFAULT 0, reason character varying DEFAULT NULL::character varying, topic text DEFAULT NULL::text, ids bigint[] DEFAULT NULL::bigint[], received_start timestamp with time zone DEFAULT NULL::timestamp with time zone, received_end timestamp with time zone DEFAULT NULL::timestamp with time zone, accept_time boolean DEFAULT false, OUT replayed bigint, OUT stored bigint, OUT duplicates bigint, OUT still_refused bigint, OUT last_id bigint', 'record', 'volatile unsafe', false),
('_analytics_accepted', 'outcome text, reason text, detail text', 'boolean', 'immutable safe', true),
('analytics_bag', 'minute timestamp with time zone, event_type text, count bigint', 'bytea', 'immutable safe', true),
('_analytics_bag_add', 'bag internal, minute timestamp with time zone, event_type text, count bigint', 'internal', 'immutable safe', true),
('_analytics_http_dead_letter', 'id bigint', 'text', 'stable unsafe', true),
('_analytics_judged', 'value bytea, OUT shape text, OUT event_type text, OUT source text, OUT tenant_id text, OUT id uuid, OUT occurred_at timestamp with time zone, OUT reason text', 'record', 'stable safe', true),
('_analytics_judgements', 'sample integer', 'SETOF _analytics_judgement', 'volatile unsafe', true),
('analytics_try_shape', 'shape jsonb, sample integer DEFAULT 100000, OUT finding text, OUT from_shape text, OUT to_shape text, OUT event_type text, OUT reason text, OUT records bigint, OUT other_identity bigint, OUT examples text[]', 'SETOF record', 'volatile unsafe', true),
('_analytics_rekeyings', 'shape text, window_start timestamp with time zone, window_end timestamp with time zone', 'SETOF _analytics_rekeying', 'stable unsafe', true),
('analytics_rekey', 'shape text, dry_run boolean DEFAULT true, window_start timestamp with time zone DEFAULT ''-infinity''::timestamp with time zone, window_end timestamp with time zone DEFAULT ''infinity''::timestamp with time zone, OUT rekeyed bigint, OUT merged bigint, OUT unchanged bigint', 'record', 'volatile unsafe', false),
('_analytics_upcast_function', 'upcast text', 'oid', 'stable strict unsafe', true),
('_analytics_upcast_call', 'upcast text', 'text', 'stable strict unsafe', true),
('analytics_latest', 'event_type text, payload jsonb', 'jsonb', 'stable unsafe', true),
('analytics_latest', 'event analytics_event', 'jsonb', 'stable unsafe', true),
('analytics_create_latest_view', 'event_type text, name text DEFAULT NULL::text, view_schema text DEFAULT NULL::text', 'text', 'volatile unsafe', true),
('_analytics_upcast_chunk', 'max_rows integer, event_type text, INOUT last_occurred_at timestamp with time zone, INOUT last_id uuid, OUT rows bigint', 'record', 'volatile unsafe', true),
('analytics_upcast_events', 'IN event_type text, IN chunk integer DEFAULT 500', NULL, 'volatile unsafe', true),
('_analytics_tell_progress', 'number bigint', 'boolean', 'volatile unsafe', true),
('_analytics_try_upcast', 'call text, payload jsonb, OUT after jsonb, OUT failure text', 'record', 'stable unsafe', true),
('_analytics_tried_events', 'event_type text, version integer, schema jsonb, upcast text, sample integer, OUT finding text, OUT pointer text, OUT keyword text, OUT expected text, OUT id text, OUT before jsonb, OUT after jsonb', 'SETOF record', 'stable unsafe', true),
('_analytics_tried_dead_letters', 'event_type text, version integer, schema jsonb, sample integer', 'text[]', 'volatile unsafe', true),
('analytics_try_contract', 'event_type text, version integer, schema jsonb DEFAULT NULL::jsonb, upcast text DEFAULT NULL::text, sample integer DEFAULT 100000, OUT finding text, OUT pointer text, OUT keyword text, OUT expected text, OUT records bigint, OUT examples text[], OUT before jsonb, OUT after jsonb', 'SETOF record', 'volatile unsafe', true),
('_analytics_considered', 'value bytea, OUT shape text, OUT lacks text[]', 'SETOF record', 'stable safe', true),
('_analytics_found', 'value bytea, OUT event_type text, OUT version integer, OUT closest integer, OUT mode text, OUT pointer text, OUT keyword text, OUT expected text, OUT condition text, OUT because text, OUT would_be text', 'record', 'stable safe', true),
('analytics_explain', 'value bytea', 'jsonb', 'stable safe', true),
('analytics_explain', 'value text', 'jsonb', 'stable safe', true),
('_analytics_schema_fault', 'schema jsonb', 'text', 'immutable strict safe', true),
('analytics_contract_finding', 'schema jsonb, payload jsonb, OUT pointer text, OUT keyword text, OUT expected text', 'record', 'immutable strict safe', true),
('_analytics_array_items', 'body bytea, max_items integer', 'bytea[]', 'stable strict safe', true),
('_analytics_bag_pack', 'bag internal', 'bytea', 'immutable safe', true),
('_analytics_bag_minutes', 'hour timestamp with time zone, cells bytea, seconds bytea, OUT minute timestamp with time zone, OUT event_type text, OUT count bigint, OUT weight bigint', 'SETOF record', 'immutable safe', true),
('_analytics_bag_seconds', 'hour timestamp with time zone, cells bytea, seconds bytea, OUT second timestamp with time zone, OUT event_type text, OUT count bigint', 'SETOF record', 'immutable safe', true),
('_analytics_lock_tables', 'names text[]', 'void', 'volatile unsafe', true),
('_analytics_missing_bag', '"time" timestamp with time zone, is_second boolean, event_type text, count bigint', 'bytea[]', 'immutable safe', true),
('_analytics_missing_bag_add', 'bag internal, "time" timestamp with time zone, is_second boolean, event_type text, count bigint', 'internal', 'immutable safe', true),
('_analytics_missing_bag_pack', 'bag internal', 'bytea[]', 'immutable safe', true),
('_analytics_second_weight', '"time" timestamp with time zone', 'integer', 'immutable strict safe', true),
('analytics_bag_cells', 'hour timestamp with time zone, cells bytea, OUT minute timestamp with time zone, OUT event_type text, OUT count bigint', 'SETOF record', 'immutable strict safe', true),
('analytics_bucket_start', 'instant timestamp with time zone, bucket interval, timezone text DEFAULT ''UTC''::text', 'timestamp with time zone', 'immutable strict safe', true),
('_analytics_buckets', 'window_start timestamp with time zone, window_end timestamp with time zone, bucket interval, timezone text DEFAULT ''UTC''::text', 'SETOF timestamp with time zone', 'immutable strict safe', true),
('_analytics_check_shape', '', 'trigger', 'volatile unsafe', true),
('_analytics_check_contract', '', 'trigger', 'volatile unsafe', true),
('analytics_event_version', 'event_type text, payload jsonb', 'integer', 'immutable strict safe', true),
('analytics_event_version', 'event analytics_event', 'integer', 'immutable strict safe', true),
('analytics_versions', 'window_start timestamp with time zone, window_end timestamp with time zone, tenant_id text DEFAULT NULL::text, OUT event_type text, OUT version integer, OUT source text, OUT count bigint, OUT last_occurred_at timestamp with time zone', 'SETOF record', 'stable safe', true),
('_analytics_is_member_path', 'path text', 'boolean', 'immutable strict safe', true),
('_analytics_are_member_values', 'member_values jsonb', 'boolean', 'immutable strict safe', true),
('analytics_counts', 'window_start timestamp with time zone, window_end timestamp with time zone, tenant_id text DEFAULT NULL::text, OUT event_type text, OUT count bigint', 'SETOF record', 'stable restricted', true),
('analytics_create_partition', 'instant timestamp with time zone', 'regclass', 'volatile strict unsafe definer', false),
('analytics_create_partition', 'instant timestamp with time zone, partition_interval interval', 'regclass', 'volatile strict unsafe definer', false),
('analytics_dead_letter', 'id bigint', 'jsonb', 'stable strict unsafe', true),
('_analytics_dead_letter_json', 'dead_letter analytics_dead_letter', 'json', 'stable safe', true),
('analytics_recent_dead_letters', 'max_rows integer DEFAULT 50, before_id bigint DEFAULT NULL::bigint, reason text DEFAULT NULL::text, topic text DEFAULT NULL::text, replayed boolean DEFAULT NULL::boolean', 'SETOF analytics_dead_letter', 'stable safe', true),
('_analytics_text_of', 'bytes bytea', 'text', 'immutable strict unsafe', true),
('analytics_event', 'occurred_at timestamp with time zone, id uuid', 'SETOF analytics_event', 'stable strict safe', true),
('_analytics_drop_partitions', 'cutoff timestamp with time zone, keep_rollups boolean, OUT partition text, OUT range_start timestamp with time zone, OUT range_end timestamp with time zone, OUT events bigint', 'SETOF record', 'volatile unsafe', true),
('_analytics_event_json', 'event analytics_event', 'json', 'stable strict safe', true),
('_analytics_forget_rollups', 'range_start timestamp with time zone, range_end timestamp with time zone', 'void', 'volatile unsafe', true),
('_analytics_freshness', 'tenant_id text DEFAULT NULL::text, OUT last_event_at timestamp with time zone, OUT last_ingested_at timestamp with time zone', 'record', 'stable restricted', true),
('analytics_histogram', 'window_start timestamp with time zone, window_end timestamp with time zone, bucket interval, tenant_id text DEFAULT NULL::text, event_type text DEFAULT NULL::text, timezone text DEFAULT ''UTC''::text, OUT bucket_start timestamp with time zone, OUT event_type text, OUT count bigint', 'SETOF record', 'stable restricted', true),
('_analytics_lock_claim', 'consumer_group text, topic text, partition integer, owner_epoch bigint, expected_offset bigint, next_offset bigint', 'void', 'volatile unsafe', false),
('analytics_hopping', 'window_start timestamp with time zone, window_end timestamp with time zone, size interval, hop interval, tenant_id text DEFAULT NULL::text, event_type text DEFAULT NULL::text, OUT window_start timestamp with time zone, OUT window_end timestamp with time zone, OUT event_type text, OUT count bigint', 'SETOF record', 'stable restricted', true),
('analytics_ingest', 'records bytea[], OUT stored bigint, OUT duplicates bigint, OUT dead_lettered bigint, OUT skipped bigint', 'record', 'volatile strict unsafe', false),
('_analytics_ingest_batch', 'topic text, partition integer, records bytea[], offsets bigint[], keys bytea[], timestamps timestamp with time zone[], headers jsonb[], OUT stored bigint, OUT duplicates bigint, OUT dead_lettered bigint, OUT skipped bigint, OUT refusals jsonb', 'record', 'volatile unsafe', false),
('analytics_ingest_kafka', 'consumer_group text, topic text, partition integer, owner_epoch bigint, expected_offset bigint, next_offset bigint, records bytea[], offsets bigint[], keys bytea[] DEFAULT NULL::bytea[], timestamps timestamp with time zone[] DEFAULT NULL::timestamp with time zone[], headers jsonb[] DEFAULT NULL::jsonb[], high_watermark bigint DEFAULT NULL::bigint, OUT stored bigint, OUT duplicates bigint, OUT dead_lettered bigint, OUT skipped bigint, OUT refusals jsonb', 'record', 'volatile unsafe', false),
('_analytics_instant', 'microseconds bigint', 'timestamp with time zone', 'stable safe', true),
('_analytics_iso8601', 'instant timestamp with time zone', 'text', 'immutable strict safe', true),
('_analytics_instant_text', 'instant timestamp with time zone', 'text', 'immutable strict safe', true),
('_analytics_bags_agree', '', 'boolean', 'stable restricted', true),
('analytics_lag_records', '', 'bigint', 'stable safe', true),
('analytics_consumer_groups', 'OUT consumer_group text, OUT state text, OUT lag_records bigint, OUT last_owned_at timestamp with time zone, OUT retired_at timestamp with time zone', 'SETOF record', 'stable safe', true),
('analytics_retire_group', 'consumer_group text', 'bigint', 'volatile unsafe', false),
('_analytics_rewound_claims', 'consumer_group text, topics text[], partitions bigint[], owner_epochs bigint[], next_offsets bigint[], OUT topic text, OUT partition bigint', 'SETOF record', 'volatile unsafe', true),
('_analytics_library_version', '', 'text', 'immutable safe', true),
('_analytics_metrics_window_minutes', '', 'integer', 'stable safe', true),
('analytics_normalize', 'value bytea, OUT event_type text, OUT source text, OUT occurred_at timestamp with time zone, OUT tenant_id text, OUT event_key text[], OUT payload jsonb, OUT shape text, OUT reason text, OUT detail text', 'record', 'stable safe', true),
('analytics_normalize', 'value text, OUT event_type text, OUT source text, OUT occurred_at timestamp with time zone, OUT tenant_id text, OUT event_key text[], OUT payload jsonb, OUT shape text, OUT reason text, OUT detail text', 'record', 'stable safe', true),
('_analytics_partition_at', 'instant timestamp with time zone, OUT partition regclass, OUT gap_start timestamp with time zone, OUT gap_end timestamp with time zone', 'record', 'stable strict safe', true),
('analytics_partitions', 'OUT partition regclass, OUT range_start timestamp with time zone, OUT range_end timestamp with time zone', 'SETOF record', 'stable safe', true),
('analytics_rebuild', 'window_start timestamp with time zone DEFAULT NULL::timestamp with time zone, window_end timestamp with time zone DEFAULT NULL::timestamp with time zone', 'bigint', 'volatile unsafe', false),
('analytics_recent', 'max_rows integer DEFAULT 50, before_occurred_at timestamp with time zone DEFAULT NULL::timestamp with time zone, before_id uuid DEFAULT NULL::uuid, tenant_id text DEFAULT NULL::text, event_type text DEFAULT NULL::text', 'SETOF analytics_event', 'stable restricted', true),
('_analytics_recent_of', 'max_rows integer, before_occurred_at timestamp with time zone, before_id uuid, tenant_id text, event_type text', 'SETOF analytics_event', 'stable restricted', true),
('analytics_record', 'event jsonb', 'TABLE(id uuid, event_type text, source text, occurred_at timestamp with time zone, ingested_at timestamp with time zone, tenant_id text, payload jsonb, duplicate boolean)', 'volatile strict unsafe', false),
('analytics_record_each', 'records bytea[], OUT item integer, OUT outcome text, OUT id uuid, OUT event_type text, OUT source text, OUT occurred_at timestamp with time zone, OUT ingested_at timestamp with time zone, OUT tenant_id text, OUT payload jsonb, OUT reason text, OUT detail text', 'SETOF record', 'volatile strict unsafe', false),
('analytics_retain', 'older_than interval, keep_rollups boolean DEFAULT true, OUT partition text, OUT range_start timestamp with time zone, OUT range_end timestamp with time zone, OUT events bigint', 'SETOF record', 'volatile unsafe', false),
('_analytics_invalidate_rules', '', 'trigger', 'volatile unsafe', true),
('analytics_session', 'window_start timestamp with time zone, window_end timestamp with time zone, gap interval, key_path text[], tenant_id text DEFAULT NULL::text, event_type text DEFAULT NULL::text, OUT session_key text, OUT session_start timestamp with time zone, OUT session_end timestamp with time zone, OUT last_event_at timestamp with time zone, OUT events bigint', 'SETOF record', 'stable safe', true),
('_analytics_sqlstate', 'reason text', 'text', 'immutable strict safe', true),
('analytics_summary', 'window_minutes integer DEFAULT NULL::integer, reference timestamp with time zone DEFAULT now(), tenant_id text DEFAULT NULL::text', 'jsonb', 'stable restricted', true),
('analytics_claim_partition', 'consumer_group text, topic text, partition integer, owner text, start_offset bigint, high_watermark bigint DEFAULT NULL::bigint, OUT owner_epoch bigint, OUT next_offset bigint', 'record', 'volatile unsafe', false),
('analytics_tumbling', 'window_start timestamp with time zone, window_end timestamp with time zone, size interval, tenant_id text DEFAULT NULL::text, event_type text DEFAULT NULL::text, OUT window_start timestamp with time zone, OUT window_end timestamp with time zone, OUT event_type text, OUT count bigint', 'SETOF record', 'stable restricted', true),
('_analytics_rollup_row', '', 'trigger', 'volatile unsafe', false),
('_analytics_rollup_statement', '', 'trigger', 'volatile unsafe', false),
('_analytics_rollup_truncate', '', 'trigger', 'volatile unsafe', false),
('analytics_verify', 'window_start timestamp with time zone DEFAULT NULL::timestamp with time zone, window_end timestamp with time zone DEFAULT NULL::timestamp with time zone, OUT rollup text, OUT minute timestamp with time zone, OUT tenant_id text, OUT event_type text, OUT events bigint, OUT counted bigint', 'SETOF record', 'stable unsafe', false),
('analytics_version', 'OUT extension text, OUT library text, OUT available text, OUT advice text', 'record', 'stable safe', true),
('analytics_watch_partition', 'partition regclass', 'void', 'volatile strict unsafe', false),
('_analytics_window_counts', 'bounds timestamp with time zone[], tenant_id text DEFAULT NULL::text, OUT bucket integer, OUT event_type text, OUT count bigint', 'SETOF record', 'stable restricted', true);
SELECT set_eq('SELECT proname::text, pg_get_function_arguments(oid) FROM tap.functions', 'SELECT proname, arguments FROM due', 'the functions and their arguments are these');
SELECT is(ROW(pg_get_function_result(f.oid), concat_ws(' ', CASE provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END, CASE WHEN proisstrict THEN 'strict' END, CASE proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END, CASE WHEN prosecdef THEN 'definer' END)), ROW(result, marks), name || ': answer and marks')
FROM tap.functions AS f JOIN due ON f.proname = due.proname AND pg_get_function_arguments(f.oid) = arguments;
SELECT is(has_function_privilege('public', f.oid, 'EXECUTE'), everybody, name || CASE WHEN everybody THEN ': everybody may call it' ELSE ': not everybody may call it' END) FROM tap.functions AS f JOIN due ON f.proname = due.proname AND pg_get_function_arguments(f.oid) = arguments;
SELECT isnt(obj_description(oid, 'pg_proc'), NULL, name || ' has a comment') FROM tap.functions;
SELECT ok(cardinality(coalesce(proargnames, '{}')) >= pronargs AND '' <> ALL (coalesce(proargnames, '{}')), name || ': every argument has a name') FROM tap.functions;
CREATE VIEW tap.arguments AS SELECT f.oid, a.argument, a.place FROM tap.functions AS f CROSS JOIN unnest(f.proargnames) WITH ORDINALITY AS a (argument, place) WHERE coalesce(f.proargmodes[a.place], 'i') = 'i';
SELECT is_empty($$SELECT DISTINCT one.oid::regprocedure, another.oid::regprocedure, one.argument, one.later FROM (SELECT a.oid, a.argument, b.argument AS later FROM tap.arguments AS a JOIN tap.arguments AS b ON b.oid = a.oid AND a.place < b.place) AS one
    JOIN (SELECT a.oid, a.argument, b.argument AS later FROM tap.arguments AS a JOIN tap.arguments AS b ON b.oid = a.oid AND a.place < b.place) AS another ON another.argument = one.later AND another.later = one.argument$$, 'two arguments have one order, in whatever function they stand');
SELECT is(array_to_string(proconfig, ';'), CASE WHEN proname IN ('analytics_replay_all_dead_letters', 'analytics_maintain', 'analytics_upcast_events') THEN '' ELSE 'search_path=pg_catalog, pg_temp' END, name || ': its body resolves nothing in a schema in which others may create')
FROM (SELECT name, proname, ARRAY(SELECT c FROM unnest(proconfig) AS c WHERE c ~ '^search_path=') AS proconfig FROM tap.functions WHERE prokind <> 'a' AND prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c') AND prosqlbody IS NULL) AS f;

-- Tables.
SELECT set_eq('SELECT relname::text FROM tap.tables', '{analytics_events,analytics_shapes,analytics_contracts,analytics_contract_finding_counts,analytics_dead_letters,analytics_dead_letter_counts,analytics_kafka_offsets,analytics_kafka_gaps,analytics_store,analytics_untimed_keys,analytics_rollup_totals,analytics_rollup_tenants,analytics_kept_rollups,analytics_projections,analytics_projection_bags,analytics_table_changes,analytics_retention,analytics_maintenance,analytics_size_history,analytics_feeds,analytics_feed_publishers,analytics_ticks,analytics_outbox}'::text[], 'the tables are these');
SELECT isnt(obj_description(oid, 'pg_class'), NULL, relname || ' has a comment') FROM tap.relations;
SELECT isnt(col_description(attrelid, attnum), NULL, format('%s.%s has a comment', relname, attname)) FROM tap.relations AS t JOIN pg_attribute ON attrelid = t.oid WHERE attnum > 0 AND NOT attisdropped;
SELECT isnt(obj_description(t.oid, 'pg_type'), NULL, typname || ' has a comment') FROM pg_type AS t JOIN tap.members ON kind = 'pg_type' AND id = t.oid WHERE typtype = 'c';
SELECT is(format_type(atttypid, atttypmod), due, 'analytics_events.' || attname) FROM (VALUES ('id', 'uuid'), ('event_type', 'character varying(120)'), ('source', 'character varying(120)'), ('occurred_at', 'timestamp with time zone'), ('ingested_at', 'timestamp with time zone'), ('tenant_id', 'character varying(64)'), ('payload', 'jsonb')) AS v (name, due) JOIN pg_attribute ON attrelid = 'analytics_events'::regclass AND attname = name;
SELECT is(array_agg(attname ORDER BY attnum), '{id,event_type,source,occurred_at,ingested_at,tenant_id,payload}'::name[], 'analytics_events has these columns') FROM pg_attribute WHERE attrelid = 'analytics_events'::regclass AND attnum > 0;
SELECT col_is_null('analytics_events', 'tenant_id', 'the tenant may be null');
SELECT is(count(*), 6::bigint, 'nothing else may') FROM pg_attribute WHERE attrelid = 'analytics_events'::regclass AND attnum > 0 AND attnotnull;
SELECT is(pg_get_partkeydef('analytics_events'::regclass), 'RANGE (occurred_at)', 'it is partitioned by occurred_at');
SELECT col_is_pk('analytics_events', ARRAY['occurred_at', 'id'], 'its primary key');
SELECT col_is_pk('analytics_kafka_offsets', ARRAY['consumer_group', 'topic', 'partition'], 'that of the offsets');
SELECT is(count(*), 0::bigint, 'the extension owns no relation but its composite types') FROM tap.members JOIN pg_class AS c ON kind = 'pg_class' AND id = c.oid WHERE relkind <> 'c';
SELECT is(array_agg(DISTINCT privilege_type::text) FILTER (WHERE privilege_type IS NOT NULL), CASE WHEN relname IN ('analytics_shapes', 'analytics_contracts', 'analytics_projections', 'analytics_table_changes') THEN '{SELECT}'::text[] END, relname || ': what everybody may do') FROM tap.tables AS t LEFT JOIN LATERAL (SELECT * FROM aclexplode(relacl) WHERE grantee = 0) AS a ON true GROUP BY relname;
SELECT is(count(*), 0::bigint, 'no operator, cast or role comes along') FROM tap.members WHERE kind NOT IN ('pg_proc', 'pg_class', 'pg_trigger', 'pg_type', 'pg_attrdef', 'pg_constraint');
SELECT is(count(*), 0::bigint, 'every name begins with analytics_, or _analytics_ where it is not for users') FROM tap.functions WHERE proname !~ '^_?analytics_';
SELECT is(ROW(superuser, relocatable, trusted), ROW(true, false, false), 'only a superuser installs it') FROM pg_available_extension_versions WHERE name = 'analytics_events' AND installed;
SELECT is(v.extension, v.library, 'the versions agree') FROM analytics_version() AS v;
SELECT is(v.extension, default_version, 'and are the one that is available') FROM analytics_version() AS v, pg_available_extensions WHERE name = 'analytics_events';
SELECT is(ROW(v.available, v.advice), ROW(v.extension, NULL::text), 'so there is nothing to do') FROM analytics_version() AS v;
BEGIN;
UPDATE pg_extension SET extversion = '9.8.7' WHERE extname = 'analytics_events';
SELECT alike(v.advice, 'No update leads from 9.8.7 to %', 'objects of a later version: the package is too old') FROM analytics_version() AS v;
ROLLBACK;

-- Settings.
SELECT is(ROW(setting, coalesce(unit, ''), min_val, max_val, context), ROW(due, due_unit, low, high, 'user'::text), name || ': default, unit, bounds')
FROM (VALUES ('analytics.deduplicate', 'on', '', NULL, NULL), ('analytics.keep_skipped', 'on', '', NULL, NULL), ('analytics.append_bags', 'off', '', NULL, NULL), ('analytics.unregistered_types', 'accept', '', NULL, NULL), ('analytics.accept_time', 'off', '', NULL, NULL), ('analytics.group_timeout', '10080', 'min', '-1', '2147483647'),
    ('analytics.max_future', '86400', 's', '-1', '2147483647'), ('analytics.max_past', '-1', 's', '-1', '2147483647'), ('analytics.partition_interval', 'month', '', NULL, NULL), ('analytics.max_depth', '64', '', '1', '1024'), ('analytics.max_event_bytes', '1048576', 'B', '2', '33554432'), ('analytics.metrics_window_minutes', '60', 'min', '5', '10080')) AS v (setting_name, due, due_unit, low, high) LEFT JOIN pg_settings ON name = setting_name;
SELECT is(count(*), 12::bigint, 'there are no others') FROM pg_settings WHERE name LIKE 'analytics.%';
SELECT tap.fails(format('SET analytics.%s', assignment), '22023', 'refused: ' || assignment) FROM unnest(ARRAY['max_depth = 0', 'max_depth = 1025', 'max_event_bytes = 1', 'max_event_bytes = ''33MB''', 'metrics_window_minutes = 4', 'metrics_window_minutes = 10081', 'deduplicate = perhaps', 'keep_skipped = 2']) AS assignment;
SELECT tap.fails('SET analytics.max_dept = 5', '42602', 'the prefix is reserved: a name mistyped is refused');
SELECT lives_ok('SET analytics.max_event_bytes = ''2MB''', 'sizes with a unit');
SELECT lives_ok('SET analytics.metrics_window_minutes = ''2h''', 'times with a unit');
SELECT lives_ok('SET analytics.max_future = ''7d''', 'a longer one');
SELECT is(_analytics_metrics_window_minutes(), 120, 'known to the function');
RESET analytics.max_event_bytes; RESET analytics.metrics_window_minutes; RESET analytics.max_future;

-- Roles, as the reference grants: a writer, a reader, an operator, and one with nothing. Each function is called as each of them.
BEGIN;
CREATE ROLE analytics_check_writer; CREATE ROLE analytics_check_reader; CREATE ROLE analytics_check_operator; CREATE ROLE analytics_check_maker; CREATE ROLE analytics_check_nobody;
GRANT USAGE ON SCHEMA tap TO analytics_check_writer, analytics_check_reader, analytics_check_operator, analytics_check_nobody;
-- What the page grants, but for the view of its projection.
\set grants `sed -nE '/^Rights$/,/^A reader without/{/^    /p}' ../../doc/analytics_events.md | sed -E 's/\<signups, //; s/\<(reader|maker|writer|operator);/analytics_check_\1;/'`
SELECT matches(:'grants'::text, 'analytics_create_partition\(timestamptz, interval\) TO analytics_check_operator;', 'the grants are those of the page');
:grants

SELECT _analytics_register_projection('surface', NULL, '{}', '{}', '1 hour', 1, 'public') \g /dev/null
UPDATE analytics_projections SET state = 'ready';
SELECT _analytics_register_feed('surface', 'events', 'surface', NULL, NULL, 'id', 'event', 'now', '1 day', '1 second'), _analytics_start_feed('surface') \g /dev/null
SELECT _analytics_register_feed('letters', 'dead_letters', 'letters', NULL, NULL, 'id', 'event', 'beginning', '1 day', '1 second'), _analytics_start_feed('letters') \g /dev/null
SELECT _analytics_register_feed('rows', 'surface', NULL, NULL, NULL, 'id', 'event', 'now', '1 day', '1 second'), _analytics_start_feed('rows') \g /dev/null

-- who may: w writer, r reader, o operator (who may read, too), n nobody.
CREATE TABLE tap.uses (who text, call text);
INSERT INTO analytics_contracts (event_type) VALUES ('registered');
GRANT SELECT ON tap.uses TO PUBLIC;
INSERT INTO tap.uses VALUES
('wrn', $$SELECT _analytics_schema_fault('{}')$$), ('wrn', $$SELECT * FROM analytics_contract_finding('{}', '{}')$$),
('wrn', $$SELECT _analytics_is_member_path('/data/id')$$), ('wrn', $$SELECT _analytics_are_member_values('{"a": [1]}')$$),
('', 'SELECT analytics_create_tables()'), ('', $$SELECT analytics_drop_tables('analytics_events')$$), ('', $$SELECT _analytics_create_projection_view('surface')$$),
('', $$SELECT _analytics_attach_trigger('analytics_events', 'x', 'BEFORE INSERT', 'STATEMENT', '_analytics_refuse_bags')$$),
('', 'SELECT _analytics_attach_triggers()'), ('', 'SELECT _analytics_count_dead_letters()'), ('', $$SELECT _analytics_run_as_owner('analytics_events', 'SELECT 1')$$), ('', $$SELECT _analytics_update_tables('{}')$$),
('wrn', 'SELECT * FROM _analytics_table_changes()'), ('wrn', 'SELECT * FROM analytics_table_changes'), ('wrn', 'SELECT _analytics_tables_are_current()'), ('wrn', $$SELECT _analytics_foreign_tables('{}')$$), ('wrn', $$SELECT _analytics_refuse_tables('{}')$$),
('wrn', 'SELECT _analytics_release_tables()'), ('wrn', 'SELECT _analytics_require_tables()'), ('wrn', $$SELECT _analytics_relation('analytics_events')$$),
('wrn', $$DO 'BEGIN PERFORM _analytics_require_row_security(); EXCEPTION WHEN invalid_authorization_specification THEN NULL; END'$$),
('', 'SELECT * FROM _analytics_verify(NULL, NULL)'), ('', 'SELECT _analytics_rebuild(NULL, NULL)'),
('', $$SELECT * FROM _analytics_retain('100 years', true)$$), ('', 'SELECT * FROM _analytics_store_identity()'),
('wrn', 'SELECT * FROM _analytics_tables()'), ('wrn', 'SELECT * FROM _analytics_table_differences()'),
('wrn', $$SELECT analytics_normalize('{}'::text)$$), ('wrn', $$SELECT _analytics_considered('{}')$$), ('wrn', $$SELECT _analytics_found('{}')$$), ('wrn', 'SELECT _analytics_tell_progress(1)'), ('wrn', $$SELECT _analytics_try_upcast('pg_catalog.jsonb_strip_nulls', '{}')$$), ('wr', $$SELECT _analytics_tried_events('t', 1, NULL, NULL, 1)$$), ('', $$SELECT _analytics_tried_dead_letters('t', 1, NULL, 1)$$), ('', $$SELECT analytics_try_contract('t', 1)$$), ('wrn', $$SELECT _analytics_upcast_function('x.y')$$), ('', $$SELECT _analytics_upcast_call('x.y')$$), ('wrn', $$SELECT analytics_latest('t', '{}')$$), ('', $$SELECT analytics_create_latest_view('registered')$$), ('', $$SELECT _analytics_upcast_chunk(1, 't', NULL, NULL)$$), ('', $$CALL analytics_upcast_events('t')$$), ('wo', $$SELECT _analytics_rekeyings('x', now(), now())$$), ('', $$SELECT analytics_rekey('x')$$), ('wrn', $$SELECT _analytics_judged('{}')$$), ('wr', 'SELECT _analytics_judgements(1)'), ('', $$SELECT analytics_try_shape('{"name": "x"}')$$), ('wrn', $$SELECT analytics_explain('{}'::text)$$), ('wrn', $$SELECT analytics_explain('{}'::bytea)$$), ('wrn', $$SELECT analytics_normalize('{}'::bytea)$$), ('wrn', 'SELECT * FROM analytics_store_identity()'), ('', 'SELECT * FROM analytics_store'), ('wrn', 'SELECT analytics_version()'), ('wrn', 'SELECT _analytics_library_version()'), ('wrn', 'SELECT _analytics_metrics_window_minutes()'), ('wrn', 'SELECT _analytics_iso8601(now())'), ('wrn', 'SELECT _analytics_instant(1)'), ('wrn', 'SELECT _analytics_instant_text(now())'), ('wrn', 'SELECT _analytics_bags_agree()'),
('wrn', $$SELECT analytics_bucket_start(now(), '1 hour')$$), ('wrn', $$SELECT _analytics_buckets(now(), now(), '1 hour')$$), ('wrn', 'SELECT * FROM analytics_shapes'), ('wrn', 'SELECT * FROM analytics_contracts'), ('wrn', $$SELECT analytics_event_version('o.v2', '{}')$$), ('wr', $$SELECT * FROM analytics_versions('2025-01-01', now())$$), ('wrn', $$SELECT _analytics_accepted('stored', NULL, NULL)$$), ('wrn', $$SELECT _analytics_sqlstate('too_deep')$$), ('wrn', $$SELECT _analytics_array_items('[1]', 1)$$), ('wrn', 'SELECT _analytics_partition_at(now())'),
('wr', 'SELECT * FROM analytics_recent()'), ('wr', $$SELECT * FROM analytics_recent(tenant_id => 'a')$$), ('wr', $$SELECT * FROM _analytics_recent_of(5, now(), gen_random_uuid(), NULL, 't')$$), ('wr', 'SELECT analytics_summary()'), ('wr', $$SELECT * FROM analytics_counts('2025-01-01', now())$$), ('wr', $$SELECT * FROM analytics_histogram(now() - interval '1 day', now(), '1 hour')$$), ('wr', 'SELECT _analytics_event_json(e) FROM analytics_recent() AS e'), ('wr', 'SELECT analytics_lag_records()'),
('wr', 'SELECT * FROM analytics_recent_dead_letters()'), ('wr', 'SELECT analytics_dead_letter(1)'), ('wr', 'SELECT _analytics_dead_letter_json(d) FROM analytics_recent_dead_letters() AS d'), ('wrn', $$SELECT _analytics_text_of('a')$$),
('wr', 'SELECT * FROM analytics_event(now(), gen_random_uuid())'),
('wr', 'SELECT _analytics_freshness()'), ('wr', $$SELECT * FROM _analytics_window_counts(ARRAY[now() - interval '1 hour', now()])$$), ('wr', $$SELECT * FROM analytics_tumbling(now() - interval '1 day', now(), '1 hour')$$), ('wr', $$SELECT * FROM analytics_hopping(now() - interval '1 day', now(), '1 hour', '5 minutes')$$), ('wr', $$SELECT * FROM analytics_session(now() - interval '1 day', now(), '1 hour', '{k}')$$),
('wr', 'SELECT * FROM analytics_dead_letters'), ('wr', 'SELECT * FROM analytics_kafka_offsets'), ('wo', 'SELECT * FROM analytics_untimed_keys'),
('w', $$SELECT analytics_ingest(ARRAY[tap.event('a', '2024-01-01T00:00:00Z'), tap.event('u'), '{'::bytea, '{}', NULL])$$), ('w', $$SELECT * FROM analytics_record('{"eventType":"t","source":"s","eventId":"k","occurredAt":"2024-02-01T00:00:00Z","payload":{}}')$$), ('w', $$SELECT * FROM analytics_record_each(ARRAY[tap.event('a', '2024-03-01T00:00:00Z'), tap.event('u'), '{'::bytea])$$),
('w', $$SELECT * FROM analytics_claim_partition('g', 't', 0, 'o', 0)$$), ('w', $$SELECT * FROM analytics_ingest_kafka('g', 't', 0, (SELECT owner_epoch FROM analytics_kafka_offsets), 0, 0, ARRAY[tap.event('a', '2024-04-01T00:00:00Z'), tap.event('u'), '{'::bytea, '{}', NULL], '{0,1,2,3,4}')$$),
('w', $$SELECT _analytics_lock_claim('g', 't', 0, (SELECT owner_epoch FROM analytics_kafka_offsets), 0, 0)$$), ('w', $$SELECT * FROM _analytics_ingest_batch('t', 0, ARRAY[tap.event('b', '2024-05-01T00:00:00Z')], '{9}', NULL, NULL, NULL)$$), ('wo', $$SELECT analytics_create_partition('2024-06-01')$$), ('o', $$SELECT analytics_create_partition('2024-06-01', '1 week')$$),
('wrn', $$SELECT _analytics_projection_columns('{}', '{}')$$), ('wrn', $$SELECT _analytics_require_projection('p', NULL, '{}', '{}', '1 hour', 1)$$), ('wrn', 'SELECT * FROM analytics_projections'), ('r', 'SELECT * FROM analytics_projection_bags'),
('wrn', $$SELECT _analytics_ready_projection('surface')$$), ('wrn', $$SELECT _analytics_require_bags('x', 'analytics_projection_bags')$$), ('wrn', $$SELECT _analytics_view_of_projection('surface')$$), ('wrn', $$SELECT _analytics_view_of_counts(NULL)$$), ('r', $$SELECT * FROM _analytics_view_page(_analytics_view_of_counts(NULL), 1, NULL, NULL, NULL, NULL, NULL, NULL)$$), ('wrn', $$SELECT _analytics_projection_query('q', '{}', '{}')$$), ('wrn', 'SELECT _analytics_projection_json(p.name) FROM analytics_projections AS p'), ('r', $$SELECT * FROM _analytics_projection_page('surface')$$), ('wrn', $$SELECT * FROM _analytics_projection_rows((SELECT id FROM analytics_projections), now(), NULL, '{}') AS r (other boolean, count bigint, mismatched bigint)$$), ('r', $$SELECT _analytics_projection_missing(1, now(), now())$$), ('r', $$SELECT _analytics_projection_kept(1, now(), now())$$), ('wrn', 'SELECT _analytics_upcasts_of(NULL)'), ('wrn', 'SELECT _analytics_outdated_projections()'), ('', 'SELECT _analytics_forget_projection_bags()'), ('', $$SELECT _analytics_renew_projection('surface')$$), ('wrn', 'SELECT _analytics_await_event_writers()'), ('wrn', 'SELECT _analytics_maintain_projections(now(), NULL)'),
('wrn', $$SELECT * FROM _analytics_latest_projection_rows((SELECT id FROM analytics_projections), now(), NULL, '{}') AS r (other boolean, count bigint, mismatched bigint)$$),
('', $$SELECT _analytics_register_projection('q', NULL, '{}', '{}', '1 hour', 1, 'public')$$), ('', $$SELECT _analytics_build_projection_chunk('surface')$$), ('', $$SELECT analytics_drop_projection('surface')$$), ('', $$CALL analytics_create_projection('q')$$), ('', $$CALL analytics_build_projection('surface')$$),
('wrn', $$SELECT analytics_bag_cells(now(), '\x01')$$), ('wrn', $$SELECT _analytics_bag_minutes(now(), '\x01', NULL)$$), ('wrn', $$SELECT _analytics_bag_seconds(now(), '\x01', NULL)$$), ('wrn', 'SELECT _analytics_missing_bag(now(), true, ''t'', 1)'), ('wrn', 'SELECT _analytics_second_weight(now())'), ('', $$SELECT _analytics_lock_tables('{analytics_events}')$$), ('wrn', 'SELECT analytics_bag(now(), ''t'', 1)'), ('o', 'SELECT analytics_verify()'), ('o', 'SELECT analytics_rebuild()'), ('', 'SELECT analytics_watch_partition(''analytics_events'')'), ('r', 'SELECT * FROM analytics_rollup_totals'), ('r', 'SELECT * FROM analytics_rollup_tenants'),
('', 'SELECT * FROM analytics_kept_rollups'),
('wrn', $$DO 'DECLARE c refcursor; BEGIN OPEN c FOR SELECT now()::text, 1::bigint, now()::text; PERFORM _analytics_page(c, 1); END'$$), ('wrn', 'SELECT _analytics_position(now())'), ('wrn', 'SELECT _analytics_time_at(0)'),
('wr', 'SELECT _analytics_http_recent(1, NULL, NULL, NULL, NULL)'), ('wr', 'SELECT _analytics_http_event(now(), gen_random_uuid())'), ('wr', 'SELECT _analytics_http_summary(NULL, NULL, NULL)'), ('wr', $$SELECT _analytics_http_histogram(NULL, NULL, 'PT1H', NULL, NULL, 'UTC')$$),
('wr', 'SELECT _analytics_http_dead_letters(1, NULL, NULL, NULL, NULL)'), ('wr', 'SELECT _analytics_http_dead_letter_summary()'), ('wr', 'SELECT _analytics_http_dead_letter(1)'), ('o', 'SELECT _analytics_http_replay(1, 0, NULL, NULL)'), ('wrn', 'SELECT _analytics_http_projections()'), ('r', $$SELECT _analytics_http_projection('surface', 1, NULL, NULL, NULL, NULL, NULL)$$),
('r', 'SELECT _analytics_http_feed_names(true)'), ('r', 'SELECT _analytics_http_feeds(true)'), ('r', 'SELECT _analytics_http_feed_state()'), ('r', $$SELECT * FROM _analytics_http_feed('surface', NULL, 1, NULL, true)$$),
('w', $$SELECT * FROM _analytics_http_outcomes(ARRAY[tap.event('h', '2024-03-01T00:00:00Z')])$$), ('w', $$SELECT _analytics_http_record(tap.event('h', '2024-03-01T00:00:00Z'))$$), ('w', $$SELECT _analytics_http_record_batch('[{}]', NULL, 1)$$),
('wrn', 'SELECT * FROM analytics_partitions()'), ('o', $$SELECT * FROM analytics_retain('100 years')$$), ('', 'SELECT * FROM _analytics_drop_partitions(now(), true)'), ('', 'SELECT _analytics_forget_rollups(now(), now())'), ('', 'SELECT * FROM _analytics_drop_kept_rollups(now(), 1)'),
('', $$SELECT _analytics_delete_expired('size_history', 'true', '0', now(), now(), NULL)$$), ('', $$SELECT _analytics_drop_partition('analytics_events', now())$$), ('wrn', 'SELECT _analytics_maintenance_parts()'), ('wrn', 'SELECT _analytics_require_reference(now())'), ('o', 'SELECT * FROM _analytics_rule_for_all(now())'), ('wrn', $$SELECT _analytics_tell_kept('events', 0)$$),
('o', 'SELECT * FROM _analytics_event_rules(now())'), ('o', $$SELECT _analytics_keep_until('counts', now())$$), ('', $$SELECT _analytics_fold_hour(now(), now(), true, NULL)$$), ('', 'SELECT _analytics_fold_bucket(1, now(), NULL)'), ('r', 'SELECT _analytics_maintain_bags(now(), NULL)'), ('', 'SELECT _analytics_maintain_counts(now(), NULL)'), ('o', 'SELECT _analytics_maintain_dead_letters(now(), NULL)'), ('o', 'SELECT _analytics_maintain_events(now(), NULL)'),
('wo', $$SELECT _analytics_maintain_new_partitions('2000-06-01Z'::timestamptz + (ascii(substr(current_user, 17)) - 108) * interval '2 years', NULL)$$), ('o', 'SELECT _analytics_maintain_old_partitions(now(), NULL)'), ('o', 'SELECT _analytics_maintain_retired_groups(now(), NULL)'), ('', 'SELECT _analytics_maintain_sizes(now(), NULL)'), ('o', 'SELECT _analytics_maintain_untimed_keys(now(), NULL)'), ('', $$SELECT _analytics_maintain_step('sizes', now(), NULL)$$), ('o', $$SELECT analytics_maintain_step('sizes', now(), NULL)$$),
('', $$SELECT _analytics_record_maintenance('x', now(), 0, NULL)$$), ('o', $$SELECT analytics_record_maintenance('x', now(), 0, NULL)$$), ('o', 'SELECT * FROM _analytics_maintenance_state()'), ('wrn', 'SELECT * FROM analytics_maintenance_state()'), ('wrn', 'SELECT * FROM _analytics_table_sizes()'), ('', 'SELECT * FROM _analytics_sizes(now())'), ('o', 'SELECT * FROM analytics_sizes()'), ('o', $$DO 'BEGIN IF NOT has_function_privilege(''analytics_maintain(timestamptz,interval)'', ''EXECUTE'') THEN RAISE insufficient_privilege; END IF; END'$$),
('o', 'SELECT * FROM analytics_retention'), ('o', 'SELECT * FROM analytics_maintenance'), ('', 'SELECT * FROM analytics_size_history'),
('w', $$SELECT * FROM analytics_dead_letter_messages('letters')$$), ('r', $$SELECT * FROM _analytics_dead_letter_messages('letters')$$), ('w', $$SELECT analytics_skip_dead_letter('1', 'f')$$), ('o', $$SELECT _analytics_skip_dead_letter('1', 'f')$$), ('w', $$SELECT analytics_feed_dead_letters('letters')$$), ('ro', $$SELECT _analytics_feed_dead_letters('letters')$$), ('', 'SELECT _analytics_await_dead_letter_writers()'), ('', 'SELECT * FROM _analytics_unpublished_dead_letters()'), ('', $$SELECT _analytics_mark_dead_letters_published('{}')$$), ('wrn', $$SELECT _analytics_dead_letter_number('00000000-0000-0000-0000-000000000001')$$),
('wo', $$SELECT _analytics_gap_accepted('g', 't', 0, 1)$$), ('wr', 'SELECT analytics_open_dead_letters()'), ('wrn', 'SELECT _analytics_dead_letter_counts_agree()'), ('r', 'SELECT * FROM analytics_dead_letter_counts'), ('wr', 'SELECT * FROM analytics_consumer_groups()'), ('wr', $$SELECT * FROM _analytics_rewound_claims('g', '{t}', '{0}', '{1}', '{0}')$$), ('o', $$SELECT analytics_retire_group('g')$$), ('wr', 'SELECT * FROM analytics_dead_letter_summary'), ('wo', 'SELECT * FROM analytics_kafka_gaps'),
('o', $$SELECT * FROM _analytics_ingest_again(ARRAY[tap.event('o', '2024-07-01T00:00:00Z'), tap.event('ou'), '{'::bytea], ARRAY[now(), now(), now()])$$), ('o', 'SELECT * FROM analytics_replay_dead_letters()'), ('wo', $$SELECT analytics_create_partition(now() + interval '2 months')$$), ('o', $$SELECT analytics_create_partition(now() + interval '4 months', '1 hour')$$), ('o', 'SELECT * FROM analytics_replay_dead_letters(accept_time => true)'), ('o', $$CALL analytics_replay_all_dead_letters(reason => 'none')$$), ('o', $$SELECT analytics_purge_dead_letters('1 day')$$),
('wrn', $$SELECT _analytics_feed_position('1')$$), ('r', $$SELECT * FROM analytics_read_feed('surface')$$), ('r', $$SELECT * FROM _analytics_feed_start('surface', NULL)$$), ('r', $$SELECT * FROM analytics_read_feed('surface', 'beginning')$$), ('r', $$SELECT * FROM analytics_read_feed('rows', 'beginning')$$), ('r', $$SELECT * FROM analytics_read_feed('letters')$$), ('r', $$SELECT * FROM _analytics_dead_letter_feed('letters', NULL, 1)$$), ('r', $$SELECT * FROM _analytics_dead_letter_page('letters', NULL, 1)$$), ('r', $$SELECT * FROM _analytics_dead_letters_past('letters', NULL, 1)$$), ('r', $$SELECT * FROM _analytics_dead_letters_noted('letters', 'now', 1)$$),
('r', $$SELECT * FROM _analytics_view_feed_past('rows', 'beginning', 1)$$), ('r', $$SELECT * FROM _analytics_view_feed_changes('rows', 'now', 1)$$), ('wrn', $$SELECT _analytics_feed_view('surface', NULL)$$), ('wrn', $$SELECT _analytics_view_feed_query('{}')$$), ('', $$SELECT _analytics_note_counts(now(), now())$$), ('', $$SELECT _analytics_note_rows((SELECT id FROM analytics_projections), now(), now(), false)$$),
('wrn', $$SELECT * FROM _analytics_projection_key((SELECT id FROM analytics_projections), '\xff') AS r (other boolean)$$),
('r', 'SELECT * FROM analytics_feeds'), ('r', 'SELECT * FROM analytics_ticks'), ('r', 'SELECT * FROM analytics_outbox'), ('o', 'SELECT analytics_tick()'), ('', 'SELECT _analytics_tick()'), ('r', 'SELECT * FROM _analytics_next_tick()'), ('', 'SELECT _analytics_feed_drop(now(), now())'), ('', $$SELECT _analytics_maintain_outbox(now(), 'expired')$$),
('o', $$DO 'BEGIN IF NOT has_function_privilege(''analytics_create_feed(text,text,text,text[],text,text,text,text,interval,interval)'', ''EXECUTE'') THEN RAISE insufficient_privilege; END IF; END'$$), ('o', $$DO 'BEGIN IF NOT has_function_privilege(''analytics_start_feed(text)'', ''EXECUTE'') THEN RAISE insufficient_privilege; END IF; END'$$),
('o', $$SELECT _analytics_register_feed('another', 'events', NULL, NULL, NULL, 'id', 'event', 'now', '1 day', '1 second')$$), ('o', $$SELECT _analytics_start_feed('surface')$$), ('o', $$SELECT _analytics_set_feed_pause('surface', now())$$), ('o', $$SELECT analytics_pause_feed('surface')$$), ('o', $$SELECT analytics_resume_feed('surface')$$), ('o', $$SELECT analytics_republish_feed('surface', '0')$$), ('o', 'SELECT * FROM analytics_feed_publishers'), ('wrn', 'SELECT analytics_has_feeds()'), ('r', 'SELECT _analytics_has_feeds()'), ('w', 'SELECT analytics_tick_feeds()'), ('r', 'SELECT _analytics_tick_feeds()'),
('w', $$SELECT * FROM analytics_claim_feeds('me')$$), ('', $$SELECT * FROM _analytics_claim_feeds('me')$$), ('w', $$SELECT * FROM analytics_feed_messages('surface')$$), ('r', $$SELECT * FROM _analytics_feed_messages('surface')$$), ('o', $$SELECT analytics_drop_feed('surface')$$),
('o', $$SELECT analytics_accept_gap('g', 't', 0, (SELECT next_offset FROM analytics_kafka_offsets), 9)$$),
('', $$INSERT INTO analytics_shapes (name, event_type, source, required_members) VALUES ('x', 't', 's', '{a}')$$), ('', 'DELETE FROM analytics_shapes'), ('', $$INSERT INTO analytics_contracts (event_type) VALUES ('o')$$), ('', 'DELETE FROM analytics_contracts'), ('r', 'SELECT * FROM analytics_contract_findings'), ('r', 'SELECT * FROM analytics_contract_finding_counts'), ('', 'DELETE FROM analytics_events'), ('o', 'DELETE FROM analytics_dead_letters WHERE false'), ('', 'DELETE FROM analytics_kafka_offsets'), ('', 'UPDATE analytics_events SET payload = ''{}'''), ('', 'DROP TABLE analytics_events');
SET LOCAL ROLE analytics_check_writer;
SELECT is((SELECT state FROM tap.failure_of(call)), CASE WHEN who ~ 'w' THEN '00000' ELSE '42501' END, format('a writer %s: %s', CASE WHEN who ~ 'w' THEN 'may' ELSE 'may not' END, call)) FROM tap.uses;
RESET ROLE; SET LOCAL ROLE analytics_check_reader;
SELECT is((SELECT state FROM tap.failure_of(call)), CASE WHEN who ~ 'r' THEN '00000' ELSE '42501' END, format('a reader %s: %s', CASE WHEN who ~ 'r' THEN 'may' ELSE 'may not' END, call)) FROM tap.uses;
RESET ROLE; SET LOCAL ROLE analytics_check_operator;
SELECT is((SELECT state FROM tap.failure_of(call)), CASE WHEN who ~ '[or]' THEN '00000' ELSE '42501' END, format('an operator %s: %s', CASE WHEN who ~ '[or]' THEN 'may' ELSE 'may not' END, call)) FROM tap.uses;
RESET ROLE; SET LOCAL ROLE analytics_check_nobody;
SELECT is((SELECT state FROM tap.failure_of(call)), CASE WHEN who ~ 'n' THEN '00000' ELSE '42501' END, format('who was granted nothing %s: %s', CASE WHEN who ~ 'n' THEN 'may' ELSE 'may not' END, call)) FROM tap.uses;
RESET ROLE;
SELECT is(count(DISTINCT substring(call FROM '_?analytics_\w+')), (SELECT count(DISTINCT proname) FROM tap.functions WHERE prorettype <> 'trigger'::regtype AND 'internal'::regtype <> ALL (proargtypes)) + 25, 'every function was tried, and every table') FROM tap.uses;
ROLLBACK;

-- In another schema, whose name needs quoting, out of the search path; by way of a hostile search path at that.
SELECT analytics_drop_tables(confirm => 'analytics_events') \g /dev/null
DROP EXTENSION analytics_events;
SELECT is(count(*), 0::bigint, 'without its tables DROP EXTENSION leaves no relation') FROM pg_class WHERE relname LIKE 'analytics%';
SELECT is(count(*), 0::bigint, 'no function') FROM pg_proc WHERE proname ~ '^_?analytics_';
SELECT is(count(*), 0::bigint, 'no type') FROM pg_type WHERE typname LIKE '%analytics%';
CREATE SCHEMA "Ana %I schema";
CREATE EXTENSION analytics_events SCHEMA "Ana %I schema";
\set q '"Ana %I schema"'
SELECT is(count(*), 0::bigint, 'nothing is anywhere else') FROM pg_proc WHERE proname ~ '^_?analytics_' AND pronamespace <> (SELECT oid FROM pg_namespace WHERE nspname = 'Ana %I schema');
CREATE SCHEMA hostile;
CREATE TABLE hostile.analytics_events (id int);
CREATE TABLE hostile.analytics_shapes (id int);
CREATE TABLE hostile.analytics_contracts (id int);
CREATE FUNCTION hostile.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT NULL::timestamptz $$;
CREATE FUNCTION hostile.count() RETURNS bigint LANGUAGE sql AS $$ SELECT 1 / 0 $$;
CREATE FUNCTION hostile.equal(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hostile'; END $$;
CREATE OPERATOR hostile.= (LEFTARG = text, RIGHTARG = text, FUNCTION = hostile.equal);
CREATE OPERATOR hostile.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = hostile.equal);
BEGIN;
CREATE ROLE analytics_check_writer;
GRANT USAGE ON SCHEMA :q, hostile, tap TO analytics_check_writer;
GRANT SELECT, INSERT ON :q.analytics_events, :q.analytics_dead_letters, :q.analytics_untimed_keys TO analytics_check_writer;
GRANT SELECT, INSERT, UPDATE ON :q.analytics_kafka_offsets, :q.analytics_kafka_gaps TO analytics_check_writer;
GRANT UPDATE, DELETE ON :q.analytics_dead_letters TO analytics_check_writer;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA :q TO analytics_check_writer;
SET LOCAL ROLE analytics_check_writer;
CREATE TEMP TABLE analytics_kafka_offsets (id int);
SET LOCAL search_path = hostile, pg_catalog;
SELECT stored AS ingest FROM :q.analytics_ingest(ARRAY[tap.event('a', '2024-01-01T00:00:00Z'), tap.event('u'), '{'::bytea]) \gset
SELECT duplicate AS record FROM :q.analytics_record('{"eventType":"t","source":"s","occurredAt":"2024-02-01T00:00:00Z","payload":{}}') \gset
SELECT string_agg(outcome, ' ' ORDER BY item) AS record_each FROM :q.analytics_record_each(ARRAY[tap.event('a', '2024-01-01T00:00:00Z'), '{'::bytea]) \gset
SELECT owner_epoch AS take_partition FROM :q.analytics_claim_partition('g', 't', 0, 'o', 0) \gset
SELECT stored || ' ' || (refusals #>> '{0,reason}') AS ingest_kafka FROM :q.analytics_ingest_kafka('g', 't', 0, 1, 0, 2, ARRAY[tap.event('k'), '{'::bytea], '{0,1}', high_watermark => 5) \gset
SELECT shape AS normalize FROM :q.analytics_normalize('{"guideId":1,"challengeId":2,"occurredAt":3}'::text) \gset
SELECT pg_catalog.count(*) AS recent FROM :q.analytics_recent(tenant_id => NULL) \gset
SELECT pg_catalog.count(*) AS recent_typed FROM :q.analytics_recent(event_type => 't') \gset
SELECT summary #>> '{totalEvents}' AS summary, summary #>> '{freshness,lagRecords}' AS lag FROM :q.analytics_summary(5, pg_catalog.now()) AS _ (summary) \gset
SELECT pg_catalog.sum(count) AS counts FROM :q.analytics_counts('2023-12-01', '2100-01-01') \gset
SELECT pg_catalog.sum(count) || ' ' || :q.analytics_event_version('o.v2', '{}') AS versions FROM :q.analytics_versions('2023-12-01', '2100-01-01') \gset
SELECT pg_catalog.sum(count) AS histogram FROM :q.analytics_histogram('2023-12-01', '2100-01-01', '1 month') \gset
SELECT pg_catalog.count(:q._analytics_event_json(e)) AS event_json FROM :q.analytics_recent() AS e \gset
SELECT :q.analytics_create_partition('2024-07-01 00:00:00+00', '1 month') AS create_partition \gset
SELECT extension AS version FROM :q.analytics_version() \gset
SELECT still_refused AS replay FROM :q.analytics_replay_dead_letters(reason => 'invalid_json') \gset
SELECT pg_catalog.concat(:q.analytics_feed_dead_letters('t')) AS registered \gset
SELECT :q.analytics_feed_dead_letters('t') AS fed \gset
SELECT pg_catalog.string_agg(DISTINCT key, ' ') || ' ' || :q.analytics_skip_dead_letter(pg_catalog.min("position") FILTER (WHERE key OPERATOR(pg_catalog.=) 't-0-1'), 'f') AS publish FROM :q.analytics_dead_letter_messages(:'fed') \gset
SELECT to_offset || ' ' || :q._analytics_gap_accepted('g', 't', 0, 1) AS gap FROM :q.analytics_accept_gap('g', 't', 0, 2, 9) \gset
SELECT :q.analytics_open_dead_letters() || ' ' || :q.analytics_purge_dead_letters('0', 1, 'invalid_json') AS purge \gset
RESET ROLE;
SET LOCAL search_path = tap, pg_catalog;
SELECT is(ROW(:'ingest'::text, :'record'::text, :'record_each'::text, :'take_partition'::text, :'ingest_kafka'::text), ROW('2'::text, 'f'::text, 'duplicate refused'::text, '1'::text, '1 invalid_json'::text), 'a quoted schema and a hostile search path: what stores');
SELECT is(ROW(:'normalize'::text, :'recent'::text, :'recent_typed'::text, :'summary'::text, :'lag'::text, :'counts'::text, :'versions'::text, :'histogram'::text, :'event_json'::text), ROW('guides.challenges'::text, '4'::text, '4'::text, '2'::text, '3'::text, '4'::text, '4 2'::text, '4'::text, '4'::text), 'what reads');
SELECT is(ROW(:'replay'::text, :'publish'::text, :'gap'::text, :'purge'::text), ROW('2'::text, 'dead-letter-1 t-0-1 2'::text, '9 false'::text, '2 0'::text), 'what keeps letters and gaps');
SELECT is(:'create_partition'::text, '"Ana %I schema".analytics_events_2024_07', 'what makes partitions');
SELECT is(:'version'::text, v.library, 'what tells the version') FROM :q.analytics_version() AS v;
SELECT is(count(*), 4::bigint, 'the partitions are in that schema') FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace WHERE relispartition AND relkind = 'r' AND nspname = 'Ana %I schema';
INSERT INTO :q.analytics_shapes (name, event_type, source, required_members) VALUES ('seventh', 't', 's', '{seven}');
SELECT is(n.shape, 'seventh', 'a seventh shape there') FROM :q.analytics_normalize('{"seven":7}'::text) AS n;
ROLLBACK;

-- Gone, nothing is left; and it can come again.
SELECT :q.analytics_create_partition('2024-07-01') \g /dev/null
SELECT :q.analytics_drop_tables(confirm => 'analytics_events') \g /dev/null
DROP EXTENSION analytics_events;
DROP SCHEMA :q;
SELECT pass('its schema was empty');
DROP SCHEMA hostile CASCADE;
SELECT is(count(*), 0::bigint, 'not a relation is left') FROM pg_class WHERE relname LIKE 'analytics%';
SELECT is(count(*), 0::bigint, 'not a function') FROM pg_proc WHERE proname ~ '^_?analytics_';
SELECT is(count(*), 0::bigint, 'not a type') FROM pg_type WHERE typname LIKE '%analytics%';
SELECT is(count(*), 0::bigint, 'not an entry about it') FROM pg_extension WHERE extname = 'analytics_events';
CREATE EXTENSION analytics_events;
SELECT is((SELECT stored FROM analytics_ingest(ARRAY[tap.event('a', '2024-01-01T00:00:00Z')])), 1::bigint, 'it comes again, in a session that knew the old one');
SELECT is((analytics_normalize('{"guideId":1,"challengeId":2,"occurredAt":3}'::text)).shape, 'guides.challenges', 'with the new one''s shapes');

SELECT * FROM finish();
