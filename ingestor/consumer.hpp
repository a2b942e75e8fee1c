/* Where records come from: the interface between the loop and Kafka. KafkaConsumer implements it; tests use a fake. */
#pragma once

#include "record.hpp"

#include <variant>
#include <vector>

namespace analytics::ingestor {

// ---- what a poll returns -----------------------------------------------------------------------------------------

struct Nothing {};

/** The partition was read up to this offset, which may lie beyond the last record's next one. */
struct EndOfPartition {
    PartitionView partition;
    std::int64_t offset = 0;
};

/** The group gave us these partitions. No record comes before assign(). */
struct Assigned {
    std::vector<Partition> partitions;
};

/** The group takes all partitions back and waits for unassign(). Lost: others already have them. */
struct Revoked {
    bool lost = false;
};

/** Reading on from this offset would lose records. */
struct UnreadablePartition {
    PartitionView partition;
    std::int64_t offset = 0;
    std::string message;
};

/** The consumer can't continue. */
struct FatalError {
    std::string message;
};

using PollResult = std::variant<Nothing, Record, EndOfPartition, Assigned, Revoked, UnreadablePartition, FatalError>;

// ---- what the brokers know ---------------------------------------------------------------------------------------

struct Watermarks {
    std::int64_t low = 0;  // offset of the first record that Kafka still has
    std::int64_t high = 0; // offset after the last record that may be read
};

struct StartOffset {
    Partition partition;
    std::int64_t next_offset = 0;
};

/** What Kafka has of a partition for our group. */
struct GroupOffset {
    Partition partition;
    std::int64_t offset = 0;
    std::string metadata; // as it was committed with the offset
};

/** The group as the brokers know it, without us. */
struct OtherMembers {
    std::string state;                // in Kafka's own term
    std::vector<std::string> members; // client at host
    Milliseconds session_timeout{0};  // ours
};

class Consumer {
public:
    virtual ~Consumer() = default;

    virtual PollResult poll(Milliseconds timeout) = 0;

    /** Asks the brokers; nothing when they don't answer. */
    virtual std::optional<Watermarks> watermarks(const Partition &partition) = 0;
    /** The high watermark as of the last fetch. */
    virtual std::optional<std::int64_t> last_high_watermark(const Partition &partition) = 0;

    /** The first readable offset after an unreadable piece of the log, which is more than one record when a
     * producer's batch is damaged. error_offset: the offset that librdkafka's error named. Asks the brokers; nothing
     * when they don't answer within some seconds. */
    virtual std::optional<std::int64_t> readable_after(const Partition &partition, std::int64_t offset,
                                                       std::int64_t error_offset, std::int64_t end) = 0;

    /** Replaces what is read, and from where. Nothing stays paused. */
    virtual void assign(std::span<const StartOffset> starts) = 0;
    virtual void unassign() = 0;
    /** Stops reading this partition until the next assign. */
    virtual void stop(const Partition &partition) = 0;
    /** Pauses all partitions. We stay a member of the group as long as poll is called. */
    virtual void pause() = 0;
    /** Ends the pause, except for stopped partitions. */
    virtual void resume() = 0;

    /** Mirrors our offset to Kafka. It is a hint for lag tools: nothing waits for it, and a failure does no harm. */
    virtual void mark_done(const Partition &partition, std::int64_t next_offset) = 0;
    /** Mirrors offsets and waits: whether Kafka stored them. */
    virtual bool commit(std::span<const StartOffset> offsets) = 0;
    /** Sets the metadata of all offsets that are mirrored from now on. */
    virtual void set_offset_metadata(const std::string &metadata) = 0;
    /** All offsets that Kafka has for the group, of topics that we may see. Asks the brokers; nothing when they don't
     * answer. */
    virtual std::optional<std::vector<GroupOffset>> group_offsets() = 0;
    /** The other members of the group. Asks the brokers; nothing when they don't answer. */
    virtual std::optional<OtherMembers> other_members() = 0;
    /** Leaves the group and joins it again. */
    virtual void rejoin() = 0;
    /** Leaves the group, within a deadline of its own. */
    virtual void close() = 0;
};

} // namespace analytics::ingestor
