#include "holdings.hpp"

#include <algorithm>

namespace analytics::ingestor {

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
    opened(batch);
    return true;
}

void Holdings::reach(const End &end, Time now)
{
    Holding *holding = find(end.partition);
    if (holding == nullptr || holding->is_stopped || end.offset <= holding->position()) return;
    holding->batch.reach(end.offset, now);
    opened(holding->batch);
}

Holdings::Map::value_type *Holdings::due(Time now)
{
    const bool is_aged = oldest_ && now >= *oldest_ + limits_.age;
    if (!is_aged && !has_full_ && bytes_ < open_bytes_) return nullptr;

    Map::value_type *oldest = nullptr;
    Map::value_type *largest = nullptr;
    for (auto &entry : map_) {
        const Batch &batch = entry.second.batch;
        if (batch.is_empty()) continue;
        if (batch.is_full(limits_)) return &entry;
        if (oldest == nullptr || batch.opened_at() < oldest->second.batch.opened_at()) oldest = &entry;
        if (largest == nullptr || batch.bytes() > largest->second.batch.bytes()) largest = &entry;
    }
    return is_aged ? oldest : (bytes_ >= open_bytes_ ? largest : nullptr);
}

Holdings::Map::value_type *Holdings::any_open()
{
    const auto found =
        std::find_if(map_.begin(), map_.end(), [](const auto &entry) { return !entry.second.batch.is_empty(); });
    return found == map_.end() ? nullptr : &*found;
}

void Holdings::committed(Map::value_type &entry)
{
    Holding &holding = entry.second;
    holding.claim.next_offset = holding.position();
    holding.batch = Batch(); // its memory goes too: what many partitions would keep adds up
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
    for (const auto &[partition, holding] : map_) sum += holding.batch.size();
    return sum;
}

void Holdings::opened(const Batch &batch) noexcept
{
    oldest_ = std::min(oldest_.value_or(batch.opened_at()), batch.opened_at());
    has_full_ = has_full_ || batch.is_full(limits_);
}

void Holdings::rescan() noexcept
{
    bytes_ = 0;
    oldest_.reset();
    has_full_ = false;
    for (const auto &[partition, holding] : map_) {
        bytes_ += holding.batch.bytes();
        if (!holding.batch.is_empty()) opened(holding.batch);
    }
}

} // namespace analytics::ingestor
