/* Upcasts as plain data, on their way from a table to the core's chain. A projection keeps those by which it sees
 * payloads, as jsonb: [[event_type, version, function, …], …]. */
#pragma once

#include "../../core/upcast_chain.hpp"
#include "../border/postgres.hpp"

#include <string_view>

namespace analytics::pg {

/** A list of upcasts, in the current memory context. */
struct UpcastRow {
    std::string_view event_type;
    core::Version version;
    std::string_view function;
    UpcastRow *next;
};

/** Reads what a projection keeps. PostgreSQL phase. */
UpcastRow *stored_upcasts(Datum upcasts);

/** C++ phase. */
core::UpcastChain chain_of(const UpcastRow *rows);

} // namespace analytics::pg
