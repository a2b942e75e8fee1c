/* The partitions that we have claimed, each with its records that are not committed yet, and which batch is due.
 *
 * A partition has up to two batches, in the order of their records. The first is in flight on a worker, or was
 * requeued after a failure; nobody knows whether a requeued one was stored, so it is dispatched again unchanged. The
 * second is open and takes records meanwhile. It is dispatched when no other batch is before it.
 *
 * Where several batches may be dispatched, the partition is next whose last dispatch is the longest ago. A batch
 * that fails again and again is set aside: it is shortened and tried at times of its own, and its partition holds no
 * other records. The records behind it are read again later. */
#pragma once

#include "batch.hpp"
#include "consumer.hpp"
#include "writer.hpp"

#include <map>
#include <optional>

namespace analytics::ingestor {

/** What we know of a batch while a worker has it. */
struct InFlight {
    std::int64_t next_offset = 0;
    std::size_t records = 0;
    std::optional<std::int64_t> first_timestamp_ms;
};

struct PartitionBuffer {
    Claim claim; // its next offset: of what is committed
    Batch open;
    std::optional<Batch> requeued = {};
    std::optional<InFlight> in_flight = {};
    bool is_stopped = false; // nothing more is read; the records here are still good

    std::uint64_t last_dispatch = 0;              // by number
    std::size_t failures = 0;                     // of its batches, in a row
    std::optional<std::size_t> most_records = {}; // in a batch, while batches are kept short
    std::optional<Time> retry_at = {};            // of the requeued batch, while it is set aside

    /** The offset of the next record to add. */
    [[nodiscard]] std::int64_t position() const noexcept;
    [[nodiscard]] bool can_dispatch() const noexcept { return !in_flight && (requeued || !open.is_empty()); }
    [[nodiscard]] bool is_set_aside() const noexcept { return retry_at.has_value(); }
    [[nodiscard]] std::size_t records() const noexcept; // not committed yet, those in flight too
    /** Of the first of those records. */
    [[nodiscard]] std::optional<std::int64_t> first_timestamp_ms() const noexcept;
};

class PartitionBuffers {
public:
    using Map = std::map<Partition, PartitionBuffer, PartitionOrder>;

    /** open_bytes: what all batches together may hold that are not in flight. */
    PartitionBuffers(BatchLimits limits, std::size_t open_bytes) : limits_(limits), open_bytes_(open_bytes) {}

    void insert(const Partition &partition, const Claim &claim)
    {
        map_.insert_or_assign(partition, PartitionBuffer{claim, {}});
    }
    PartitionBuffer *find(PartitionView partition);
    void erase(const Partition &partition);
    void clear();

    /** Ignores a record that is not ours to store: its partition is not claimed, stopped or set aside, or the record is
     * stored already. */
    void add(const Record &record, Time now);
    /** Moves the open batch past offsets without records. */
    void advance(const EndOfPartition &end, Time now);

    /** The partition whose batch is to be dispatched now, or null. Full and aged batches take turns by partition, so a
     * busy partition does not keep a quiet one waiting. */
    Map::value_type *due(Time now);
    /** The next partition whose batch may be dispatched, full or not; or null. */
    Map::value_type *any_dispatchable(Time now);
    /** Whether a further record might exceed the limits of a batch, or of all of them together. */
    [[nodiscard]] bool is_full() const noexcept { return has_full_ || bytes_ >= open_bytes_; }
    [[nodiscard]] bool is_empty() const noexcept; // but for what is set aside
    [[nodiscard]] bool has_in_flight() const noexcept;

    /** Takes out the partition's first batch, which is in flight from now on. */
    Batch dispatch(Map::value_type &entry);
    /** The partition that has such a batch in flight under this epoch; null: its claim was given up since. */
    Map::value_type *find_in_flight(const Partition &partition, std::int64_t epoch);
    /** What was in flight is committed, to the batch's end or to next_offset. True: the partition must be read again
     * from there, because the records behind the batch are not buffered. */
    bool committed(Map::value_type &entry, std::optional<std::int64_t> next_offset = {});
    /** What was in flight failed, or its outcome is unknown. */
    void requeue(Map::value_type &entry, Batch batch);
    /** Sets the requeued batch aside until then, half as long as it was. */
    void set_aside(Map::value_type &entry, Time until);

    [[nodiscard]] const Map &all() const noexcept { return map_; }
    [[nodiscard]] std::vector<Partition> stopped() const;
    /** The claims of all partitions. Those with a batch in flight or requeued are not settled. */
    [[nodiscard]] std::vector<ClaimedPartition> claims() const;
    /** Where to read on, of all that are neither stopped nor set aside. */
    [[nodiscard]] std::vector<StartOffset> starts() const;
    /** When the first batch that may be dispatched is due. */
    [[nodiscard]] std::optional<Time> due_at() const;
    [[nodiscard]] std::size_t records() const noexcept;                     // not committed yet
    [[nodiscard]] std::size_t size() const noexcept { return map_.size(); } // partitions, stopped ones too

private:
    [[nodiscard]] bool is_full(const PartitionBuffer &buffer) const noexcept;
    void note_open_batch(const PartitionBuffer &buffer) noexcept;
    void rescan() noexcept;

    Map map_;
    BatchLimits limits_;
    std::size_t open_bytes_;
    /* Sums, which spare a look at every partition for every record. */
    std::size_t bytes_ = 0;        // in all batches that are neither in flight nor set aside
    std::optional<Time> oldest_;   // when the oldest batch was opened that may be dispatched
    std::optional<Time> retry_at_; // of the first batch that is set aside
    bool has_full_ = false;        // a full batch, or a requeued one
    std::uint64_t dispatches_ = 0;
};

} // namespace analytics::ingestor
