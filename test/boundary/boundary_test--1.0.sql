\echo Use "CREATE EXTENSION boundary_test" to load this file. \quit

/* Crossings: what a C++ phase throws. */

CREATE FUNCTION boundary_throw(kind text, depth integer DEFAULT 0) RETURNS void
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'boundary_throw';
COMMENT ON FUNCTION boundary_throw(text, integer) IS
    'Throws an exception of this kind in a C++ phase, below so many calls, each with an object to destroy.';

/* Objects: how many were made and destroyed. */

CREATE FUNCTION boundary_own(count integer, fate text) RETURNS void
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'boundary_own';
COMMENT ON FUNCTION boundary_own(integer, text) IS
    'Makes objects that a memory context owns, and then: return, reset, delete, error, constructor (of one more throws), '
    'subtransaction, transaction.';

CREATE FUNCTION boundary_counts(OUT made bigint, OUT destroyed bigint, OUT backwards boolean)
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'boundary_counts';
COMMENT ON FUNCTION boundary_counts() IS
    'Objects made and destroyed since the last call, and whether each that was destroyed was the youngest alive.';

/* Oracles: PostgreSQL's own verdict on the same bytes, without an error. */

CREATE FUNCTION boundary_oracle(
    value bytea, OUT is_utf8 boolean, OUT is_json boolean, OUT jsonb jsonb, OUT sqlstate text)
    LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'boundary_oracle';
COMMENT ON FUNCTION boundary_oracle(bytea) IS
    'Whether the bytes are UTF-8, whether they are json, and what jsonb makes of them: the value, or the SQLSTATE of '
    'its refusal.';

CREATE FUNCTION boundary_bytes(value jsonb) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'boundary_bytes';
COMMENT ON FUNCTION boundary_bytes(jsonb) IS 'The datum, byte for byte, without its varlena header.';
