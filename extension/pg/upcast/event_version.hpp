/* The version of a stored event: what its type's suffix says, or its payload's member "version", or else 1. */
#pragma once

#include "../../core/version.hpp"
#include "../border/postgres.hpp"

#include <string_view>

namespace analytics::pg {

/** payload: a jsonb. PostgreSQL phase. */
core::Version event_version(std::string_view event_type, Datum payload);

} // namespace analytics::pg
