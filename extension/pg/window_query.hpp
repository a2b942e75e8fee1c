/* Counting events by bucket and type: where a caller's numbers come from, and getting them, in the one snapshot of the
 * statement that is being executed.
 *
 * Whose rights decide: a caller who may see every event gets the totals' bags, or one tenant's. One whom row-level
 * security restricts gets the tenants' bags that a policy on them lets through. Who may not read those bags, or whom
 * no policy restricts there, has the events themselves counted: slower by far, and never a number too many. */
#pragma once

#include "home.hpp"

#include "core/window_counter.hpp"

#include <cstdint>

namespace analytics::pg {

/** The tenant that is asked about; any: all of them. */
struct TenantArgument {
    Datum id;
    bool any;
};

/** Null: any. The text lives in the current memory context. */
TenantArgument tenant_argument(FunctionCallInfo fcinfo, int argument);

enum class Source : std::uint8_t { totals, tenants, one_tenant, events };

Source source_for_caller(const Home &home, const TenantArgument &tenant);

/** Counts the buckets [bounds[i], bounds[i + 1]), bounds ascending. The answer is finished, and the memory context's. */
core::WindowCounter *count_windows(const Home &home, MemoryContext context, const TimestampTz *bounds, int count,
                                   const TenantArgument &tenant);

} // namespace analytics::pg
