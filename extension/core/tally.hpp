/* A tally: how a statement has changed the counts, as bags by hour and tenant, before they are written.
 *
 * Instants are microseconds from the start of any hour. */
#pragma once

#include "bag.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace analytics::core {

/** The counts of one hour, and the newest ingestion time of the inserted events; nothing while events were only
 * deleted. */
struct HourCounts {
    Bag bag;
    std::optional<Micros> last_ingested_at;

    void add(const HourCounts &other)
    {
        bag.add(other.bag);
        if (other.last_ingested_at) ingested(*other.last_ingested_at);
    }

    /** Whether there is nothing to write. */
    [[nodiscard]] bool empty() const { return !last_ingested_at && bag.has_seconds() && bag.empty(); }

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

    /** Counts an inserted event. */
    void add(Micros occurred_at, TenantView tenant, std::string_view type, Micros ingested_at);

    /** Counts a deleted event. */
    void remove(Micros occurred_at, TenantView tenant, std::string_view type);

    /** Notes a new ingestion time of an event that is counted already. */
    void ingested(Micros occurred_at, TenantView tenant, Micros ingested_at);

    /** The counts; the caller may add to an hour's. */
    [[nodiscard]] Counts &counts() noexcept { return counts_; }

    /** Roughly the memory used, at most. */
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

    void clear() noexcept;

private:
    HourCounts &at(Micros hour, TenantView tenant);
    HourCounts &count(Micros occurred_at, TenantView tenant, std::string_view type, std::int64_t events);

    Counts counts_;
    Counts::iterator last_ = counts_.end(); // where the last event was counted
    std::size_t bytes_ = 0;
};

} // namespace analytics::core
