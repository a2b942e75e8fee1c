/* A walk over the hours of which there are bags, the newest first, of one tenant or of all: by the bags' own index, so
 * that an hour costs its bags, and to begin anywhere costs the same.
 *
 * Nobody's permission is asked, as nothing that is read here is told: bags say where to look for events, and who looks
 * there needs rights on the events. The snapshot is the one that is active, as it is for who looks.
 *
 * PostgreSQL phases; to be closed on success. */
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
    /** Counts events of the type, or of every type. Stands nowhere until it is sent somewhere. */
    HourWalk(const Home &home, const TenantArgument &tenant, std::optional<std::string_view> type);

    /** The next hour is the newest that begins before the time. */
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

    TenantArgument tenant_;
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
