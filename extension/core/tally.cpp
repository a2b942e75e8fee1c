#include "tally.hpp"

namespace analytics::core {
namespace {

/* Roughly what an hour of a tenant takes in memory, without its counts. */
constexpr std::size_t bytes_of_hour = 100;

} // namespace

HourCounts &Tally::at(Micros hour, TenantView tenant)
{
    if (last_ != counts_.end() && last_->first.first == hour && TenantView(last_->first.second) == tenant)
        return last_->second;
    const std::pair<Micros, TenantView> key{hour, tenant};
    last_ = counts_.lower_bound(key);
    if (last_ == counts_.end() || last_->first.first != hour || TenantView(last_->first.second) != tenant) {
        last_ = counts_.emplace_hint(last_, std::pair{hour, Tenant(tenant)}, HourCounts{});
        bytes_ += bytes_of_hour;
    }
    return last_->second;
}

HourCounts &Tally::count(Micros occurred_at, TenantView tenant, std::string_view type, std::int64_t events)
{
    const Micros hour = hour_of(occurred_at);
    HourCounts &counts = at(hour, tenant);
    bytes_ += counts.bag.add_second(type, static_cast<int>((occurred_at - hour) / micros_per_second), events);
    return counts;
}

void Tally::add(Micros occurred_at, TenantView tenant, std::string_view type, Micros ingested_at)
{
    count(occurred_at, tenant, type, 1).ingested(ingested_at);
}

void Tally::remove(Micros occurred_at, TenantView tenant, std::string_view type)
{
    count(occurred_at, tenant, type, -1);
}

void Tally::ingested(Micros occurred_at, TenantView tenant, Micros ingested_at)
{
    at(hour_of(occurred_at), tenant).ingested(ingested_at);
}

void Tally::clear() noexcept
{
    counts_.clear();
    last_ = counts_.end();
    bytes_ = 0;
}

} // namespace analytics::core
