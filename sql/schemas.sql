/* JSON Schema: is a schema good, and does a payload hold. */

CREATE FUNCTION @extschema@._analytics_schema_fault(schema jsonb) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_schema_fault';

COMMENT ON FUNCTION @extschema@._analytics_schema_fault(jsonb) IS
    'Why a JSON Schema (draft 2020-12) is refused, with the keyword and its place; null for a good one.';

CREATE FUNCTION @extschema@.analytics_contract_finding(
    schema jsonb, payload jsonb, OUT pointer text, OUT keyword text, OUT expected text)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'analytics_contract_finding';

COMMENT ON FUNCTION @extschema@.analytics_contract_finding(jsonb, jsonb) IS
    'The first thing in a payload that breaks a JSON Schema (draft 2020-12): a JSON Pointer to it, the keyword, and '
    'what the keyword asks for. Nulls if nothing does. A schema that is not supported is SQLSTATE 22023.';
