/* The partitions that we hold a claim on, each with what is in hand of it, and which batch is due.
 *
 * A partition has up to two batches, in the order of their records: one that is closed, for it is under way on a lane or
 * has come back from there (nobody knows what became of it, so it goes again just as it was), and one that is open and
 * takes records meanwhile. The open one departs when no closed one is before it.
 *
 * Where several may depart it is the turn of the partition whose last departure is the longest ago. A batch that fails again
 * and again is set aside: of its partition nothing else is in hand, it grows shorter, it is in nobody's way, and it is tried
 * at times of its own. What was behind it is read again later. */
#pragma once

#include "batch.hpp"
#include "ports.hpp"

#include <map>
#include <optional>

namespace analytics::ingestor {

/** What is known of a batch that somebody else has. */
struct UnderWay {
    std::int64_t next_offset = 0;
    std::size_t records = 0;
    std::optional<std::int64_t> first_timestamp_ms;
};

struct Holding {
    Claim claim; // its next offset: of what is committed
    Batch batch; // the open one
    std::optional<Batch> returned = {};
    std::optional<UnderWay> under_way = {};
    bool is_stopped = false; // broken: nothing more is read, what is in hand is still good

    std::uint64_t turn = 0;                       // of its last departure
    std::size_t failures = 0;                     // of its batches, one after another
    std::optional<std::size_t> most_records = {}; // in a batch, while they are kept short
    std::optional<Time> retry_at = {};            // what returned is set aside until then, and from then on

    /** The offset of the next record to take in. */
    [[nodiscard]] std::int64_t position() const noexcept;
    /** Whether a batch may depart. */
    [[nodiscard]] bool can_go() const noexcept { return !under_way && (returned || !batch.is_empty()); }
    [[nodiscard]] bool is_set_aside() const noexcept { return retry_at.has_value(); }
    [[nodiscard]] std::size_t records() const noexcept; // in hand, or under way
    /** Of the first of those records. */
    [[nodiscard]] std::optional<std::int64_t> first_timestamp_ms() const noexcept;
};

class Holdings {
public:
    using Map = std::map<Partition, Holding, PartitionOrder>;

    /** open_bytes: what all batches together may hold that are not under way. */
    Holdings(BatchLimits limits, std::size_t open_bytes) : limits_(limits), open_bytes_(open_bytes) {}

    void hold(const Partition &partition, const Claim &claim) { map_.insert_or_assign(partition, Holding{claim, {}}); }
    Holding *find(PartitionView partition);
    void drop(const Partition &partition);
    void clear();

    /** False: the record is not ours to store: no claim, stopped, set aside, or stored already. */
    bool add(const Record &record, Time now);
    /** Moves the batch past offsets without records; opens one for that when there is none. */
    void reach(const End &end, Time now);

    /** The partition whose batch is to depart now, or nothing. */
    Map::value_type *due(Time now);
    /** Of all partitions whose batches may depart the one whose turn it is. */
    Map::value_type *any_to_go(Time now);
    /** Whether a further record might make a batch, or all of them together, larger than they may be. */
    [[nodiscard]] bool is_full() const noexcept { return has_full_ || bytes_ >= open_bytes_; }
    [[nodiscard]] bool is_empty() const noexcept;     // but for what is set aside
    [[nodiscard]] bool is_under_way() const noexcept; // anything

    /** The batch that goes first; it is under way from now on. */
    Batch depart(Map::value_type &entry);
    /** The partition that such a batch departed from under this epoch; nothing: it was given up since. */
    Map::value_type *origin(const Partition &partition, std::int64_t epoch);
    /** What was under way is committed, the claim moved: to the batch's end, or to next_offset. True: what followed is not in hand, as it had been
     * set aside, and the partition is to be read again from there. */
    bool committed(Map::value_type &entry, std::optional<std::int64_t> next_offset = {});
    /** Nobody knows what became of it. */
    void came_back(Map::value_type &entry, Batch batch);
    /** What came back is set aside until then, half as long as it was. */
    void set_aside(Map::value_type &entry, Time until);

    [[nodiscard]] const Map &all() const noexcept { return map_; }
    [[nodiscard]] std::vector<Partition> stopped() const;
    /** All of which nothing is on its way into the database, or has come back from there. */
    [[nodiscard]] std::vector<Claimed> at_rest() const;
    /** Where to read on, of all that are neither stopped nor set aside. */
    [[nodiscard]] std::vector<Start> starts() const;
    /** When the first batch that may depart is due. */
    [[nodiscard]] std::optional<Time> due_at() const;
    [[nodiscard]] std::size_t records() const noexcept;                     // in hand, or under way
    [[nodiscard]] std::size_t size() const noexcept { return map_.size(); } // partitions, stopped ones too

private:
    [[nodiscard]] bool is_full(const Holding &holding) const noexcept;
    void opened(const Holding &holding) noexcept;
    void rescan() noexcept;

    Map map_;
    BatchLimits limits_;
    std::size_t open_bytes_;
    /* What spares a look at every partition for every record. */
    std::size_t bytes_ = 0;        // in all batches that are neither under way nor set aside
    std::optional<Time> oldest_;   // when the oldest batch was opened that may depart
    std::optional<Time> retry_at_; // when the first that is set aside may
    bool has_full_ = false;        // or one that came back
    std::uint64_t turns_ = 0;
};

} // namespace analytics::ingestor
