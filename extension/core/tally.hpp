/* A tally: what a statement has done to the counts, as bags by hour and tenant, until it is written down.
 *
 * Instants are microseconds since a full hour, whichever: hours and minutes come out in the same epoch. */
#pragma once

#include "bag.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace analytics::core {

/** Events of one hour, and the newest time of ingestion among those that came; nothing while events only went. */
struct HourCounts {
    Bag bag;
    std::optional<Micros> last_ingested_at;

    void add(const HourCounts &other)
    {
        bag.add(other.bag);
        if (other.last_ingested_at) ingested(*other.last_ingested_at);
    }

    /** Whether there is nothing to be written down. */
    [[nodiscard]] bool empty() const noexcept { return bag.empty() && !last_ingested_at; }

    void ingested(Micros at) noexcept
    {
        if (!last_ingested_at || at > *last_ingested_at) last_ingested_at = at;
    }
};

using Tenant = std::optional<std::string>;
using TenantView = std::optional<std::string_view>;

class Tally {
    struct ByHourAndTenant {
        using is_transparent = void; // NOLINT(readability-identifier-naming): the standard's name
        template <class A, class B> bool operator()(const A &a, const B &b) const noexcept
        {
            return a.first != b.first ? a.first < b.first : TenantView(a.second) < TenantView(b.second);
        }
    };

public:
    using Counts = std::map<std::pair<Micros, Tenant>, HourCounts, ByHourAndTenant>; // by hour, then tenant, none first

    /** An event that came. */
    void add(Micros occurred_at, TenantView tenant, std::string_view type, Micros ingested_at);

    /** An event that went. */
    void remove(Micros occurred_at, TenantView tenant, std::string_view type);

    /** An event that is counted already was ingested (again) at that time. */
    void ingested(Micros occurred_at, TenantView tenant, Micros ingested_at);

    /** What was counted; an hour's counts may be added to. */
    [[nodiscard]] Counts &counts() noexcept { return counts_; }

    /** Cells held: what the memory taken is proportional to. */
    [[nodiscard]] std::size_t cells() const noexcept { return cells_; }

    void clear() noexcept;

private:
    HourCounts &at(Micros hour, TenantView tenant);
    HourCounts &count(Micros occurred_at, TenantView tenant, std::string_view type, std::int64_t events);

    Counts counts_;
    Counts::iterator last_ = counts_.end(); // where the event before was counted
    std::size_t cells_ = 0;
};

} // namespace analytics::core
