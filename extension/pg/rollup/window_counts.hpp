/* Counting events by bucket and type: where a caller's numbers come from, and getting them, in the one snapshot of the
 * statement that is being executed.
 *
 * Whose rights decide: a caller who may see every event gets the totals' bags, or one tenant's. One whom row-level
 * security restricts gets the tenants' bags that a policy on them lets through. Who may not read those bags, or whom
 * no policy restricts there, has the events themselves counted: slower by far, and never a number too many. */
#pragma once

#include "../../core/window_counter.hpp"
#include "../border/extension_schema.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

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

/** So many rows an answer may have, and so many counts there may be on the way to it: some 100 MB of either. */
inline constexpr int most_counts = 1'000'000;

/** What is counted. */
struct WindowQuestion {
    const TimestampTz *bounds = nullptr; // ascending
    int count = 0;                       // of bounds
    TenantArgument tenant = {};
    std::optional<std::string_view> type; // none: every type
    const char *to_blame =
        nullptr; // the argument that makes too many counts, for the message; nullptr: there is no limit
    std::int32_t beginning = core::no_bucket; // that events at -infinity are of
};

/** Counts the buckets [bounds[i], bounds[i + 1]). The answer is finished, and the memory context's. More than most_counts are
 * SQLSTATE 22023. */
core::WindowCounter *count_windows(const Home &home, MemoryContext context, const WindowQuestion &question);

} // namespace analytics::pg
