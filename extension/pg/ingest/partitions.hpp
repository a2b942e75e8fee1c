/* Partitions of analytics_events, made where a batch needs them. */
#pragma once

#include "../border/extension_schema.hpp"
#include "../border/partition_range.hpp"

namespace analytics::pg {

/** Makes sure that each of the instants, given in order, has a partition: partitions are made by analytics_create_partition, through SPI. */
class PartitionKeeper {
public:
    explicit PartitionKeeper(const Home &home) : home_(home), events_(relation_at(home, "analytics_events")) {}
    void require(TimestampTz instant);

private:
    [[nodiscard]] PartitionRange look_up(TimestampTz instant) const;

    const Home &home_;
    Oid events_;
    PartitionRange known_{InvalidOid, 0, 0};
};

} // namespace analytics::pg
