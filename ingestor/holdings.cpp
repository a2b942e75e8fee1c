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
    if (holding == nullptr || holding->is_stopped || holding->is_set_aside() || record.offset < holding->position())
        return false;
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
    if (holding == nullptr || holding->is_stopped || holding->is_set_aside() || end.offset <= holding->position())
        return;
    holding->batch.reach(end.offset, now);
    opened(*holding);
}

Holdings::Map::value_type *Holdings::due(Time now)
{
    const bool is_aged = oldest_ && now >= *oldest_ + limits_.age;
    const bool is_crowded = bytes_ >= open_bytes_;
    if (!is_aged && !has_full_ && !is_crowded && !(retry_at_ && now >= *retry_at_)) return nullptr;

    Map::value_type *ready = nullptr;
    Map::value_type *oldest = nullptr;
    Map::value_type *largest = nullptr;
    for (auto &entry : map_) {
        const Holding &holding = entry.second;
        if (!holding.can_go() || (holding.is_set_aside() && now < *holding.retry_at)) continue;
        const Batch &batch = holding.batch;
        if (holding.returned || is_full(holding)) {
            if (ready == nullptr || holding.turn < ready->second.turn) ready = &entry;
            continue;
        }
        if (oldest == nullptr || batch.opened_at() < oldest->second.batch.opened_at()) oldest = &entry;
        if (largest == nullptr || batch.bytes() > largest->second.batch.bytes()) largest = &entry;
    }
    if (ready != nullptr) return ready;
    return is_aged ? oldest : (is_crowded ? largest : nullptr);
}

Holdings::Map::value_type *Holdings::any_to_go(Time now)
{
    Map::value_type *next = nullptr;
    for (auto &entry : map_) {
        const Holding &holding = entry.second;
        if (!holding.can_go() || (holding.is_set_aside() && now < *holding.retry_at)) continue;
        if (next == nullptr || holding.turn < next->second.turn) next = &entry;
    }
    return next;
}

bool Holdings::is_empty() const noexcept
{
    return std::ranges::all_of(map_, [](const auto &entry) {
        const Holding &holding = entry.second;
        return holding.is_set_aside() || (!holding.under_way && !holding.can_go());
    });
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
    holding.turn = ++turns_;
    rescan();
    return batch;
}

Holdings::Map::value_type *Holdings::origin(const Partition &partition, std::int64_t epoch)
{
    const auto found = map_.find(partition);
    const bool is_ours = found != map_.end() && found->second.claim.epoch == epoch && found->second.under_way;
    return is_ours ? &*found : nullptr;
}

bool Holdings::committed(Map::value_type &entry, std::optional<std::int64_t> next_offset)
{
    Holding &holding = entry.second;
    /* Further than the batch: nothing else that is in hand is wanted. */
    const std::int64_t end = holding.under_way->next_offset;
    const bool is_beyond = next_offset.value_or(end) != end;
    const bool must_read_again = holding.is_set_aside() || is_beyond;
    if (is_beyond) holding.batch = Batch();
    holding.claim.next_offset = next_offset.value_or(end);
    holding.under_way.reset();
    holding.failures = 0;
    holding.retry_at.reset();
    if (holding.most_records && (*holding.most_records *= 2) >= limits_.records) holding.most_records.reset();
    rescan();
    return must_read_again;
}

void Holdings::came_back(Map::value_type &entry, Batch batch)
{
    entry.second.under_way.reset();
    entry.second.returned = std::move(batch);
    rescan();
}

void Holdings::set_aside(Map::value_type &entry, Time until)
{
    Holding &holding = entry.second;
    if (holding.returned->size() > 1) holding.returned->shorten(holding.returned->size() / 2);
    holding.batch = Batch();
    holding.most_records = std::max<std::size_t>(1, holding.returned->size());
    holding.retry_at = until;
    rescan();
}

std::vector<Partition> Holdings::stopped() const
{
    std::vector<Partition> stopped;
    for (const auto &[partition, holding] : map_)
        if (holding.is_stopped) stopped.push_back(partition);
    return stopped;
}

std::vector<Claimed> Holdings::at_rest() const
{
    std::vector<Claimed> claims;
    for (const auto &[partition, holding] : map_)
        if (!holding.under_way && !holding.returned) claims.push_back({partition, holding.claim});
    return claims;
}

std::vector<Start> Holdings::starts() const
{
    std::vector<Start> starts;
    for (const auto &[partition, holding] : map_)
        if (!holding.is_stopped && !holding.is_set_aside()) starts.push_back({partition, holding.position()});
    return starts;
}

std::optional<Time> Holdings::due_at() const
{
    if (!oldest_) return retry_at_;
    const Time due = *oldest_ + limits_.age;
    return retry_at_ ? std::min(due, *retry_at_) : due;
}

std::size_t Holdings::records() const noexcept
{
    std::size_t sum = 0;
    for (const auto &[partition, holding] : map_) sum += holding.records();
    return sum;
}

bool Holdings::is_full(const Holding &holding) const noexcept
{
    return holding.batch.is_full(limits_) || (holding.most_records && holding.batch.size() >= *holding.most_records);
}

void Holdings::opened(const Holding &holding) noexcept
{
    const Batch &batch = holding.batch;
    if (!holding.under_way) oldest_ = std::min(oldest_.value_or(batch.opened_at()), batch.opened_at());
    has_full_ = has_full_ || is_full(holding);
}

void Holdings::rescan() noexcept
{
    bytes_ = 0;
    oldest_.reset();
    retry_at_.reset();
    has_full_ = false;
    for (const auto &[partition, holding] : map_) {
        if (holding.is_set_aside()) {
            if (!holding.under_way) retry_at_ = std::min(retry_at_.value_or(*holding.retry_at), *holding.retry_at);
            continue;
        }
        bytes_ += holding.batch.bytes();
        if (!holding.batch.is_empty()) opened(holding);
        if (!holding.returned) continue;
        bytes_ += holding.returned->bytes();
        has_full_ = true;
    }
}

} // namespace analytics::ingestor
