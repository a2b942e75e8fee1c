/* The partitions that we hold a claim on, each with its open batch, and which batch is due. */
#pragma once

#include "batch.hpp"
#include "ports.hpp"

#include <map>
#include <optional>

namespace analytics::ingestor {

struct Holding {
    Claim claim;
    Batch batch;
    bool is_stopped = false; // broken: nothing more is read, what is in the batch is still good

    /** The offset of the next record to take in. */
    [[nodiscard]] std::int64_t position() const noexcept
    {
        return batch.is_empty() ? claim.next_offset : batch.next_offset();
    }
};

class Holdings {
public:
    using Map = std::map<Partition, Holding, PartitionOrder>;

    /** open_bytes: what all open batches together may hold. */
    Holdings(BatchLimits limits, std::size_t open_bytes) : limits_(limits), open_bytes_(open_bytes) {}

    void hold(const Partition &partition, const Claim &claim) { map_.insert_or_assign(partition, Holding{claim, {}}); }
    Holding *find(PartitionView partition);
    void drop(const Partition &partition);
    void clear();

    /** False: the record is not ours to store: no claim, stopped, or stored already. */
    bool add(const Record &record, Time now);
    /** Moves the batch past offsets without records; opens one for that when there is none. */
    void reach(const End &end, Time now);

    /** The partition whose batch is to be written now, or nothing. */
    Map::value_type *due(Time now);
    /** Any partition with records in hand. */
    Map::value_type *any_open();
    /** After this the batch is empty, the claim moved. */
    void committed(Map::value_type &entry);

    [[nodiscard]] const Map &all() const noexcept { return map_; }
    [[nodiscard]] std::vector<Partition> stopped() const;
    /** Where to read on, of all that are not stopped. */
    [[nodiscard]] std::vector<Start> starts() const;
    /** When the oldest open batch is due. */
    [[nodiscard]] std::optional<Time> due_at() const;
    [[nodiscard]] std::size_t records() const noexcept;                     // in hand
    [[nodiscard]] std::size_t size() const noexcept { return map_.size(); } // partitions, stopped ones too

private:
    void opened(const Batch &batch) noexcept;
    void rescan() noexcept;

    Map map_;
    BatchLimits limits_;
    std::size_t open_bytes_;
    /* What spares a look at every partition for every record. */
    std::size_t bytes_ = 0;      // in all open batches
    std::optional<Time> oldest_; // when the oldest open batch was opened
    bool has_full_ = false;
};

} // namespace analytics::ingestor
