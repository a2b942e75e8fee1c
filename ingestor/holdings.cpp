#include "holdings.hpp"

#include <algorithm>
#include <utility>

namespace analytics::ingestor {

std::int64_t Holding::position() const noexcept
{
    if (!batch.is_empty()) return batch.next_offset();
    if (returned) return returned->next_offset();
    return under_way ? under_way->next_offset : claim.next_offset;
}

std::size_t Holding::records() const noexcept
{
    return batch.size() + (returned ? returned->size() : 0) + (under_way ? under_way->records : 0);
}

std::optional<std::int64_t> Holding::first_timestamp_ms() const noexcept
{
    if (under_way && under_way->records > 0) return under_way->first_timestamp_ms;
    return returned && returned->size() > 0 ? returned->first_timestamp_ms() : batch.first_timestamp_ms();
}

Holding *Holdings::find(PartitionView partition)
{
    const auto found = map_.find(partition);
    return found == map_.end() ? nullptr : &found->second;
}

void Holdings::drop(const Partition &partition)
{
    map_.erase(partition);
    rescan();
}

void Holdings::clear()
{
    map_.clear();
    rescan();
}

bool Holdings::add(const Record &record, Time now)
{
    Holding *holding = find(record.partition);
    if (holding == nullptr || holding->is_stopped || record.offset < holding->position()) return false;
    Batch &batch = holding->batch;
    bytes_ -= batch.bytes();
    batch.add(record, now);
    bytes_ += batch.bytes();
    opened(*holding);
    return true;
}

void Holdings::reach(const End &end, Time now)
{
    Holding *holding = find(end.partition);
    if (holding == nullptr || holding->is_stopped || end.offset <= holding->position()) return;
    holding->batch.reach(end.offset, now);
    opened(*holding);
}

Holdings::Map::value_type *Holdings::due(Time now)
{
    const bool is_aged = oldest_ && now >= *oldest_ + limits_.age;
    if (!is_aged && !has_full_ && bytes_ < open_bytes_) return nullptr;

    Map::value_type *oldest = nullptr;
    Map::value_type *largest = nullptr;
    for (auto &entry : map_) {
        const Holding &holding = entry.second;
        if (!holding.can_go()) continue;
        const Batch &batch = holding.batch;
        if (holding.returned || batch.is_full(limits_)) return &entry;
        if (oldest == nullptr || batch.opened_at() < oldest->second.batch.opened_at()) oldest = &entry;
        if (largest == nullptr || batch.bytes() > largest->second.batch.bytes()) largest = &entry;
    }
    return is_aged ? oldest : (bytes_ >= open_bytes_ ? largest : nullptr);
}

Holdings::Map::value_type *Holdings::any_to_go()
{
    const auto found = std::ranges::find_if(map_, [](const auto &entry) { return entry.second.can_go(); });
    return found == map_.end() ? nullptr : &*found;
}

bool Holdings::is_empty() const noexcept
{
    return std::ranges::all_of(map_, [](const auto &entry) { return entry.second.is_empty(); });
}

bool Holdings::is_under_way() const noexcept
{
    return std::ranges::any_of(map_, [](const auto &entry) { return entry.second.under_way.has_value(); });
}

Batch Holdings::depart(Map::value_type &entry)
{
    Holding &holding = entry.second;
    /* An open one is replaced, not emptied: its memory goes too, for what many partitions would keep adds up. */
    Batch batch = holding.returned ? std::move(*holding.returned) : std::exchange(holding.batch, Batch());
    holding.returned.reset();
    holding.under_way = UnderWay{batch.next_offset(), batch.size(), batch.first_timestamp_ms()};
    rescan();
    return batch;
}

Holdings::Map::value_type *Holdings::origin(const Partition &partition, std::int64_t epoch)
{
    const auto found = map_.find(partition);
    const bool is_ours = found != map_.end() && found->second.claim.epoch == epoch && found->second.under_way;
    return is_ours ? &*found : nullptr;
}

void Holdings::committed(Map::value_type &entry)
{
    Holding &holding = entry.second;
    holding.claim.next_offset = holding.under_way->next_offset;
    holding.under_way.reset();
    rescan();
}

void Holdings::came_back(Map::value_type &entry, Batch batch)
{
    entry.second.under_way.reset();
    entry.second.returned = std::move(batch);
    rescan();
}

std::vector<Partition> Holdings::stopped() const
{
    std::vector<Partition> stopped;
    for (const auto &[partition, holding] : map_)
        if (holding.is_stopped) stopped.push_back(partition);
    return stopped;
}

std::vector<Start> Holdings::starts() const
{
    std::vector<Start> starts;
    for (const auto &[partition, holding] : map_)
        if (!holding.is_stopped) starts.push_back({partition, holding.position()});
    return starts;
}

std::optional<Time> Holdings::due_at() const
{
    return oldest_ ? std::optional(*oldest_ + limits_.age) : std::nullopt;
}

std::size_t Holdings::records() const noexcept
{
    std::size_t sum = 0;
    for (const auto &[partition, holding] : map_) sum += holding.records();
    return sum;
}

void Holdings::opened(const Holding &holding) noexcept
{
    const Batch &batch = holding.batch;
    if (!holding.under_way) oldest_ = std::min(oldest_.value_or(batch.opened_at()), batch.opened_at());
    has_full_ = has_full_ || batch.is_full(limits_);
}

void Holdings::rescan() noexcept
{
    bytes_ = 0;
    oldest_.reset();
    has_full_ = false;
    for (const auto &[partition, holding] : map_) {
        bytes_ += holding.batch.bytes();
        if (!holding.batch.is_empty()) opened(holding);
        if (!holding.returned) continue;
        bytes_ += holding.returned->bytes();
        has_full_ = true;
    }
}

} // namespace analytics::ingestor
