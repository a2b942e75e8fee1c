/* A walk over the hours that have bags, the newest first, of one tenant or of all. It uses the index of the bags: an
 * hour costs its bags, and starting costs the same anywhere in time.
 *
 * It needs no rights, because the caller never sees what it reads. Bags only say where to look for events, and reading
 * events needs rights on them. It reads in the active snapshot, like the caller.
 *
 * PostgreSQL phases; must be closed on success. */
#pragma once

#include "../../core/minute_sums.hpp"
#include "../border/columns.hpp"
#include "window_counts.hpp"

extern "C" {
#include "access/genam.h"
}

#include <optional>
#include <string_view>

namespace analytics::pg {

class HourWalk {
public:
    /** Counts events of the type, or of every type. Call go_before first. */
    HourWalk(const ExtensionSchema &schema, const NullableDatum &tenant, std::optional<std::string_view> type);

    /** Makes the newest hour that begins before the time the next one. */
    void go_before(TimestampTz time);

    /** Goes to the next older hour that has bags; false when there is none. */
    bool next();

    /* Of the hour that next() went to: */
    [[nodiscard]] TimestampTz hour() const noexcept { return hour_; }
    [[nodiscard]] const core::MinuteSums &sums() const noexcept { return sums_; }

    void close();

private:
    [[nodiscard]] TimestampTz hour_ahead() const;
    void step();

    NullableDatum tenant_;
    std::optional<std::string_view> type_;
    Relation table_;
    Relation index_;
    AttrNumber hours_;
    AttrNumber tenants_;
    AttrNumber cells_;
    SysScanDesc scan_ = nullptr;
    HeapTuple ahead_ = nullptr; // the first bag of the next hour
    TimestampTz hour_ = 0;
    core::MinuteSums sums_;
};

} // namespace analytics::pg
