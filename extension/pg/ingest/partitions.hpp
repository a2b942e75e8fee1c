/* Partitions of analytics_events, made where a batch needs them. */
#pragma once

#include "../border/extension_schema.hpp"
#include "../border/partition_range.hpp"

namespace analytics::pg {

/** Makes sure that each instant has a partition: analytics_create_partition, called through SPI, makes it. The instants
 * should be given in order: a partition is then looked up once. */
class PartitionKeeper {
public:
    explicit PartitionKeeper(const ExtensionSchema &schema)
        : schema_(schema), events_(relation_in(schema, "analytics_events"))
    {
    }
    void require(TimestampTz instant);

private:
    [[nodiscard]] PartitionRange look_up(TimestampTz instant) const;

    const ExtensionSchema &schema_;
    Oid events_;
    PartitionRange known_{InvalidOid, 0, 0};
};

} // namespace analytics::pg
