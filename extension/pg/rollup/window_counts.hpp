/* Counting events by bucket and type, in the snapshot of the statement that is being executed.
 *
 * The caller's rights decide what is counted. A caller who may see every event gets the totals' bags, or one tenant's.
 * A caller under row-level security gets the tenants' bags that a policy on them shows. When he may not read
 * those bags, or no policy restricts them, the events themselves are counted: far slower, but he never learns of
 * others' events. */
#pragma once

#include "../../core/window_counter.hpp"
#include "../border/extension_schema.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace analytics::pg {

/** The tenant to count; null: all of them. The text lives in the current memory context. */
NullableDatum tenant_argument(FunctionCallInfo fcinfo, int argument);

enum class CountSource : std::uint8_t { totals, tenants, one_tenant, events };

CountSource source_for_caller(const ExtensionSchema &schema, const NullableDatum &tenant);

/** At most so many rows may be returned, and so many counts gathered: some 100 MB of either. */
inline constexpr int most_counts = 1'000'000;

/** What to count. */
struct WindowQuestion {
    const TimestampTz *bounds = nullptr;  // ascending
    int count = 0;                        // of bounds
    NullableDatum tenant = {};            // null: all of them
    std::optional<std::string_view> type; // none: every type
    const char *to_blame = nullptr;       // the argument that a message about too many counts names; nullptr: no limit
    std::int32_t beginning = core::no_bucket; // the bucket of events at -infinity
};

/** Counts the events of the buckets [bounds[i], bounds[i + 1]). The counter is finished, and owned by the memory
 * context. More than most_counts counts are SQLSTATE 22023. */
core::WindowCounter *count_windows(const ExtensionSchema &schema, MemoryContext context,
                                   const WindowQuestion &question);

} // namespace analytics::pg
