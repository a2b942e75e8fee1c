/* Where records go: the interface between the loop and the database. SqlWriter implements it; tests use a fake.
 *
 * Claim: our right to write a partition. It is an epoch in the database, and a later claim ends it. */
#pragma once

#include "record.hpp"

#include <functional>
#include <variant>
#include <vector>

namespace analytics::ingestor {

class Batch;

struct Claim {
    std::int64_t epoch = 0;
    std::int64_t next_offset = 0;
};

struct ClaimedPartition {
    Partition partition;
    Claim claim;
    bool is_settled = true; // no batch has an unknown outcome, so the claim's next offset is the database's
};

/** Identifies a store: the tables in one database. */
struct Store {
    std::string id;           // of the tables: random, and kept by dumps
    std::string system;       // identifier of the cluster
    std::string database_oid; // in that cluster
    std::string database;     // its name, for people
};

/** The database refused. Transient: the same call may succeed later. */
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
    std::string refusals;     // JSON: what was refused, by reason; empty when nothing was
    bool counts_known = true; // false: an earlier attempt had committed, and its answer was lost
    /** How far that earlier attempt went, where it was longer than the batch; nothing: to the batch's end. */
    std::optional<std::int64_t> next_offset = {};
};

/** Another ingestor has claimed the partition. */
struct Fenced {};

using Receipt = std::variant<Committed, Fenced, Failure>;

/** Called a few times a second, on the caller's thread, while a call waits for the database. False ends the wait: the
 * call returns a transient failure, and the outcome of the statement is unknown. */
using KeepWaiting = std::function<bool()>;

/** One connection: one call at a time. */
class Writer {
public:
    virtual ~Writer() = default;

    /** Claims a partition. first_offset: where to start when the partition was never read before. */
    virtual std::variant<Claim, Failure> claim(const Partition &partition, std::int64_t first_offset,
                                               std::int64_t high_watermark, const KeepWaiting &keep_waiting) = 0;

    /** Stores a batch and moves the claim's next offset to the batch's end, in one transaction. After a failure it
     * may be called again with the same batch, whatever the outcome of the first attempt. */
    virtual Receipt commit(const Partition &partition, const Claim &claim, const Batch &batch,
                           std::optional<std::int64_t> high_watermark, const KeepWaiting &keep_waiting) = 0;

    /** Shows the database that we own these partitions. Returns the settled ones of which it no longer has our claim or
     * our last offset: it went back in time, as a promoted standby does that had not received the newest transactions.
     * A partition that another ingestor has claimed is not among them. */
    virtual std::variant<std::vector<Partition>, Failure> rewound(std::span<const ClaimedPartition> claims,
                                                                  const KeepWaiting &keep_waiting) = 0;

    virtual std::variant<Store, Failure> store(const KeepWaiting &keep_waiting) = 0;

    /** Whether the operator has accepted the partition's gap since it was claimed. The claim is void then. */
    virtual std::variant<bool, Failure> gap_accepted(const Partition &partition, const Claim &claim,
                                                     const KeepWaiting &keep_waiting) = 0;
};

} // namespace analytics::ingestor
