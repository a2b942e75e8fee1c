/* Batches that fail again and again although the database is there.
 *
 * A failure is the database's, until the same batch has failed several times in a row. Then the batch is set aside
 * and tried shorter, down to one record, so that no other partition waits for it. Batches grow again with what is
 * stored. */
#pragma once

#include "database_health.hpp"
#include "loop_context.hpp"
#include "partition_buffers.hpp"

#include <map>
#include <optional>
#include <string_view>

namespace analytics::ingestor {

/** Whether the server went away under the batch, so that the next call may find no server. */
[[nodiscard]] bool is_connection_loss(std::string_view sqlstate) noexcept;

class FailingBatches {
public:
    FailingBatches(LoopContext &loop, PartitionBuffers &buffers, DatabaseHealth &health)
        : loop_(loop), buffers_(buffers), health_(health)
    {
    }

    /** Whether the failure is the requeued batch's, which is set aside then; else it is the database's. */
    [[nodiscard]] bool handles(PartitionBuffers::Map::value_type &entry, const Failure &failure);

private:
    void set_aside(PartitionBuffers::Map::value_type &entry, const Failure &failure);

    LoopContext &loop_;
    PartitionBuffers &buffers_;
    DatabaseHealth &health_;
    std::map<Partition, std::optional<std::int64_t>, PartitionOrder> reported_; // the failing record
};

} // namespace analytics::ingestor
