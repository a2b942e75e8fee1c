/* The two sides of the loop, as it sees them: where records come from, where they go. The real ones are
 * KafkaConsumer and SqlWriter; tests give fakes. Neither librdkafka nor libpq shows through. What lies between the loop
 * and its writers is in lanes.hpp.
 *
 * Words. Offset: a record's place in its partition; offsets grow, gaps are normal (transaction markers, compaction).
 * Next offset: that of the next record to read. Claim: our right to write a partition, an epoch in the database. */
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

namespace analytics::ingestor {

using Milliseconds = std::chrono::milliseconds;
using Time = std::chrono::steady_clock::time_point;

struct Partition {
    std::string topic;
    std::int32_t id = 0;
};

struct PartitionView {
    std::string_view topic;
    std::int32_t id = 0;

    PartitionView(std::string_view topic_name, std::int32_t number) : topic(topic_name), id(number) {}
    PartitionView(const Partition &partition) : topic(partition.topic), id(partition.id) {}
};

/** Orders partitions, whoever owns the name. */
struct PartitionOrder {
    using is_transparent = void; // NOLINT(readability-identifier-naming): the standard's name
    bool operator()(PartitionView a, PartitionView b) const noexcept
    {
        return std::tie(a.topic, a.id) < std::tie(b.topic, b.id);
    }
};

// ---- what a poll brings ------------------------------------------------------------------------------------------

struct Header {
    std::string_view name;
    std::optional<std::string_view> value;
};

/** Views are valid until the next poll. */
struct Record {
    PartitionView partition;
    std::int64_t offset = 0;
    std::optional<std::string_view> value = {}; // nothing: a tombstone
    std::optional<std::string_view> key = {};
    std::optional<std::int64_t> timestamp_ms = {}; // Kafka's, since the Unix epoch
    std::span<const Header> headers = {};
};

struct Nothing {};

/** The partition was read up to here; the offset may lie beyond the last record's next one. */
struct End {
    PartitionView partition;
    std::int64_t offset = 0;
};

/** The group gave us these partitions; nothing flows before assign(). */
struct Assigned {
    std::vector<Partition> partitions;
};

/** The group takes everything back, and waits for unassign(). Lost: it already gave it to others. */
struct Revoked {
    bool lost = false;
};

/** The partition can't be read on from this offset without losing records. */
struct Broken {
    PartitionView partition;
    std::int64_t offset = 0;
    std::string message;
};

/** The consumer can't go on at all. */
struct Fault {
    std::string message;
};

using Delivery = std::variant<Nothing, Record, End, Assigned, Revoked, Broken, Fault>;

struct Watermarks {
    std::int64_t low = 0;  // of the first record that Kafka still has
    std::int64_t high = 0; // after the last one that may be read
};

struct Start {
    Partition partition;
    std::int64_t next_offset = 0;
};

/** What Kafka has of a partition for our group. */
struct GroupOffset {
    Partition partition;
    std::int64_t offset = 0;
    std::string metadata; // as it was committed with the offset
};

/** The group as the brokers have it, without us. */
struct OtherMembers {
    std::string state;                // Kafka's word for it
    std::vector<std::string> members; // client at host
    Milliseconds session_timeout{0};  // ours
};

class Consumer {
public:
    virtual ~Consumer() = default;

    virtual Delivery poll(Milliseconds timeout) = 0;

    /** Asks the brokers; nothing when they don't answer. */
    virtual std::optional<Watermarks> watermarks(const Partition &partition) = 0;
    /** The high watermark as the last fetch saw it. */
    virtual std::optional<std::int64_t> last_high_watermark(const Partition &partition) = 0;

    /** Where the partition can be read again behind what broken says can't be read from this offset on, which is more than
     * one record when a producer's batch is spoilt. Asks the brokers; nothing when they don't say in some seconds. */
    virtual std::optional<std::int64_t> readable_after(const Partition &partition, std::int64_t offset,
                                                       std::int64_t broken_offset, std::int64_t end) = 0;

    /** Replaces what is read, from where; all of it flows. */
    virtual void assign(std::span<const Start> starts) = 0;
    virtual void unassign() = 0;
    /** Reads no more of this one until the next assign. */
    virtual void stop(const Partition &partition) = 0;
    /** Holds everything, keeping membership as long as poll is called; resume undoes it, except for stopped ones. */
    virtual void pause() = 0;
    virtual void resume() = 0;

    /** Tells Kafka how far we are: a hint for lag tools, so nothing waits for it and failure does no harm. */
    virtual void mark_done(const Partition &partition, std::int64_t next_offset) = 0;
    /** The same, waiting: whether Kafka has it. */
    virtual bool commit(std::span<const Start> offsets) = 0;
    /** The metadata of what either says from now on. */
    virtual void sign(const std::string &metadata) = 0;
    /** All that Kafka has for the group; asks the brokers, nothing when they don't answer. */
    virtual std::optional<std::vector<GroupOffset>> group_offsets() = 0;
    /** Who else is in the group; asks the brokers, nothing when they don't answer. */
    virtual std::optional<OtherMembers> other_members() = 0;
    /** Leaves the group and joins it anew. */
    virtual void rejoin() = 0;
    /** Leaves the group, within a deadline of its own. */
    virtual void close() = 0;
};

// ---- where records go --------------------------------------------------------------------------------------------

class Batch;

struct Claim {
    std::int64_t epoch = 0;
    std::int64_t next_offset = 0;
};

/** What tells a store, the tables in a database, from every other one. */
struct Store {
    std::string id;           // of the tables: random, and carried by dumps
    std::string system;       // identifier of the cluster
    std::string database_oid; // in it
    std::string database;     // its name, for people
};

struct Claimed {
    Partition partition;
    Claim claim;
};

/** The database said no. Transient: the same may succeed later. */
struct Failure {
    bool transient = false;
    std::string sqlstate;
    std::string message; // without the server's DETAIL, which may quote the row
    std::string hint;
};

struct Committed {
    std::int64_t stored = 0;
    std::int64_t duplicates = 0;
    std::int64_t dead_lettered = 0;
    std::int64_t skipped = 0;
    std::string refusals;     // JSON: what was refused and why, by reason; empty when nothing was
    bool counts_known = true; // false: an earlier attempt, whose answer was lost, turned out to have committed
    /** How far that earlier attempt went, where it was longer than the batch; nothing: to the batch's end. */
    std::optional<std::int64_t> next_offset = {};
};

/** Somebody else has taken the partition. */
struct Fenced {};

using Receipt = std::variant<Committed, Fenced, Failure>;

/** Asked a few times a second, on the caller's thread, while the database makes us wait. False gives up: a transient
 * failure, after which nobody knows what became of the statement. */
using Patience = std::function<bool()>;

/** One connection: one call at a time. */
class Writer {
public:
    virtual ~Writer() = default;

    /** Claims a partition. first_offset: where it starts when it was never read before. */
    virtual std::variant<Claim, Failure> take(const Partition &partition, std::int64_t first_offset,
                                              std::int64_t high_watermark, const Patience &may_wait) = 0;

    /** Stores a batch and moves the claim's next offset to the batch's, in one transaction, or neither. May be called
     * again with the same batch after a failure, whatever became of the first attempt. */
    virtual Receipt commit(const Partition &partition, const Claim &claim, const Batch &batch,
                           std::optional<std::int64_t> high_watermark, const Patience &may_wait) = 0;

    /** Those that the database has no longer as we have them, since it went back: a standby was promoted that lacked the
     * newest transactions. One that somebody else has claimed since is none of them. */
    virtual std::variant<std::vector<Partition>, Failure> rewound(std::span<const Claimed> claims,
                                                                  const Patience &may_wait) = 0;

    virtual std::variant<Store, Failure> store(const Patience &may_wait) = 0;

    /** Whether the operator has accepted the partition's gap since it was claimed: the claim is void then. */
    virtual std::variant<bool, Failure> gap_accepted(const Partition &partition, const Claim &claim,
                                                     const Patience &may_wait) = 0;
};

// ---- and time ----------------------------------------------------------------------------------------------------

class Clock {
public:
    virtual ~Clock() = default;

    virtual Time now() = 0;
    /** Until the time has come or a stop is asked for. */
    virtual void wait(Time until, const std::stop_token &stop) = 0;
};

} // namespace analytics::ingestor
