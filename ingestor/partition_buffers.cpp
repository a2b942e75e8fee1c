#include "partition_buffers.hpp"

#include <algorithm>
#include <utility>

namespace analytics::ingestor {

std::int64_t PartitionBuffer::position() const noexcept
{
    if (!open.is_empty()) return open.next_offset();
    if (requeued) return requeued->next_offset();
    return in_flight ? in_flight->next_offset : claim.next_offset;
}

std::size_t PartitionBuffer::records() const noexcept
{
    return open.size() + (requeued ? requeued->size() : 0) + (in_flight ? in_flight->records : 0);
}

std::optional<std::int64_t> PartitionBuffer::first_timestamp_ms() const noexcept
{
    if (in_flight && in_flight->records > 0) return in_flight->first_timestamp_ms;
    return requeued && requeued->size() > 0 ? requeued->first_timestamp_ms() : open.first_timestamp_ms();
}

PartitionBuffer *PartitionBuffers::find(PartitionView partition)
{
    const auto found = map_.find(partition);
    return found == map_.end() ? nullptr : &found->second;
}

void PartitionBuffers::erase(const Partition &partition)
{
    map_.erase(partition);
    rescan();
}

void PartitionBuffers::clear()
{
    map_.clear();
    rescan();
}

void PartitionBuffers::add(const Record &record, Time now)
{
    PartitionBuffer *buffer = find(record.partition);
    if (buffer == nullptr || buffer->is_stopped || buffer->is_set_aside() || record.offset < buffer->position()) return;
    Batch &batch = buffer->open;
    bytes_ -= batch.bytes();
    batch.add(record, now);
    bytes_ += batch.bytes();
    note_open_batch(*buffer);
}

void PartitionBuffers::advance(const EndOfPartition &end, Time now)
{
    PartitionBuffer *buffer = find(end.partition);
    if (buffer == nullptr || buffer->is_stopped || buffer->is_set_aside() || end.offset <= buffer->position()) return;
    buffer->open.advance(end.offset, now);
    note_open_batch(*buffer);
}

PartitionBuffers::Map::value_type *PartitionBuffers::due(Time now)
{
    const bool is_aged = oldest_ && now >= *oldest_ + limits_.age;
    const bool is_crowded = bytes_ >= open_bytes_;
    if (!is_aged && !has_full_ && !is_crowded && !(retry_at_ && now >= *retry_at_)) return nullptr;

    const auto waits_longer = [](const PartitionBuffer &a, const PartitionBuffer &b) {
        return std::pair(a.last_dispatch, a.open.opened_at()) < std::pair(b.last_dispatch, b.open.opened_at());
    };
    Map::value_type *ready = nullptr;
    Map::value_type *largest = nullptr;
    for (auto &entry : map_) {
        const PartitionBuffer &buffer = entry.second;
        if (!buffer.can_dispatch() || (buffer.is_set_aside() && now < *buffer.retry_at)) continue;
        const Batch &batch = buffer.open;
        if (buffer.requeued || is_full(buffer) || now >= batch.opened_at() + limits_.age) {
            if (ready == nullptr || waits_longer(buffer, ready->second)) ready = &entry;
        } else if (largest == nullptr || batch.bytes() > largest->second.open.bytes()) {
            largest = &entry;
        }
    }
    return ready != nullptr || !is_crowded ? ready : largest;
}

PartitionBuffers::Map::value_type *PartitionBuffers::any_dispatchable(Time now)
{
    Map::value_type *next = nullptr;
    for (auto &entry : map_) {
        const PartitionBuffer &buffer = entry.second;
        if (!buffer.can_dispatch() || (buffer.is_set_aside() && now < *buffer.retry_at)) continue;
        if (next == nullptr || buffer.last_dispatch < next->second.last_dispatch) next = &entry;
    }
    return next;
}

bool PartitionBuffers::is_empty() const noexcept
{
    return std::ranges::all_of(map_, [](const auto &entry) {
        const PartitionBuffer &buffer = entry.second;
        return buffer.is_set_aside() || (!buffer.in_flight && !buffer.can_dispatch());
    });
}

bool PartitionBuffers::has_in_flight() const noexcept
{
    return std::ranges::any_of(map_, [](const auto &entry) { return entry.second.in_flight.has_value(); });
}

Batch PartitionBuffers::dispatch(Map::value_type &entry)
{
    PartitionBuffer &buffer = entry.second;
    /* The open batch is replaced, not emptied: memory that many partitions would keep adds up. */
    Batch batch = buffer.requeued ? std::move(*buffer.requeued) : std::exchange(buffer.open, Batch());
    buffer.requeued.reset();
    buffer.in_flight = InFlight{batch.next_offset(), batch.size(), batch.first_timestamp_ms()};
    buffer.last_dispatch = ++dispatches_;
    rescan();
    return batch;
}

PartitionBuffers::Map::value_type *PartitionBuffers::find_in_flight(const Partition &partition, std::int64_t epoch)
{
    const auto found = map_.find(partition);
    const bool is_ours = found != map_.end() && found->second.claim.epoch == epoch && found->second.in_flight;
    return is_ours ? &*found : nullptr;
}

bool PartitionBuffers::committed(Map::value_type &entry, std::optional<std::int64_t> next_offset)
{
    PartitionBuffer &buffer = entry.second;
    /* Further than the batch's end: the buffered records are stored already. */
    const std::int64_t end = buffer.in_flight->next_offset;
    const bool is_beyond = next_offset.value_or(end) != end;
    const bool must_read_again = buffer.is_set_aside() || is_beyond;
    if (is_beyond) buffer.open = Batch();
    buffer.claim.next_offset = next_offset.value_or(end);
    buffer.in_flight.reset();
    buffer.failures = 0;
    buffer.retry_at.reset();
    if (buffer.most_records && (*buffer.most_records *= 2) >= limits_.records) buffer.most_records.reset();
    rescan();
    return must_read_again;
}

void PartitionBuffers::requeue(Map::value_type &entry, Batch batch)
{
    entry.second.in_flight.reset();
    entry.second.requeued = std::move(batch);
    rescan();
}

void PartitionBuffers::set_aside(Map::value_type &entry, Time until)
{
    PartitionBuffer &buffer = entry.second;
    if (buffer.requeued->size() > 1) buffer.requeued->shorten(buffer.requeued->size() / 2);
    buffer.open = Batch();
    buffer.most_records = std::max<std::size_t>(1, buffer.requeued->size());
    buffer.retry_at = until;
    rescan();
}

std::vector<Partition> PartitionBuffers::stopped() const
{
    std::vector<Partition> stopped;
    for (const auto &[partition, buffer] : map_)
        if (buffer.is_stopped) stopped.push_back(partition);
    return stopped;
}

std::vector<ClaimedPartition> PartitionBuffers::claims() const
{
    std::vector<ClaimedPartition> claims;
    for (const auto &[partition, buffer] : map_)
        claims.push_back({partition, buffer.claim, !buffer.in_flight && !buffer.requeued});
    return claims;
}

std::vector<StartOffset> PartitionBuffers::starts() const
{
    std::vector<StartOffset> starts;
    for (const auto &[partition, buffer] : map_)
        if (!buffer.is_stopped && !buffer.is_set_aside()) starts.push_back({partition, buffer.position()});
    return starts;
}

std::optional<Time> PartitionBuffers::due_at() const
{
    if (!oldest_) return retry_at_;
    const Time due = *oldest_ + limits_.age;
    return retry_at_ ? std::min(due, *retry_at_) : due;
}

std::size_t PartitionBuffers::records() const noexcept
{
    std::size_t sum = 0;
    for (const auto &[partition, buffer] : map_) sum += buffer.records();
    return sum;
}

bool PartitionBuffers::is_full(const PartitionBuffer &buffer) const noexcept
{
    return buffer.open.is_full(limits_) || (buffer.most_records && buffer.open.size() >= *buffer.most_records);
}

void PartitionBuffers::note_open_batch(const PartitionBuffer &buffer) noexcept
{
    const Batch &batch = buffer.open;
    if (!buffer.in_flight) oldest_ = std::min(oldest_.value_or(batch.opened_at()), batch.opened_at());
    has_full_ = has_full_ || is_full(buffer);
}

void PartitionBuffers::rescan() noexcept
{
    bytes_ = 0;
    oldest_.reset();
    retry_at_.reset();
    has_full_ = false;
    for (const auto &[partition, buffer] : map_) {
        if (buffer.is_set_aside()) {
            if (!buffer.in_flight) retry_at_ = std::min(retry_at_.value_or(*buffer.retry_at), *buffer.retry_at);
            continue;
        }
        bytes_ += buffer.open.bytes();
        if (!buffer.open.is_empty()) note_open_batch(buffer);
        if (!buffer.requeued) continue;
        bytes_ += buffer.requeued->bytes();
        has_full_ = true;
    }
}

} // namespace analytics::ingestor
