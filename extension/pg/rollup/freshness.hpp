/* The newest event and the newest ingestion that the caller may see, of a tenant or of all.
 *
 * The newest event is looked up by index in the newest minute that has events in the bags. Bags outlive the events of a
 * partition that was dropped. So a time without a partition is passed over in one step, and two or three look-ups are
 * enough however long the history is. */
#pragma once

#include "window_counts.hpp"

namespace analytics::pg {

/** Times; null where there is none. */
struct Freshness {
    NullableDatum event, ingestion;
};

/** tenant: null for all. */
Freshness freshness_of(const ExtensionSchema &schema, const NullableDatum &tenant);

} // namespace analytics::pg
