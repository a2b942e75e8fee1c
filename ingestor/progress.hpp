/* How far behind each partition is, reported (partition_progress) about once a second where it changed: the lag in
 * records, and since when the oldest known record waits that is not committed. That is the record's own timestamp
 * once we have read it. While Kafka only says that there are more records, it is the time when we first noticed. */
#pragma once

#include "../runtime/observe.hpp"
#include "../runtime/throttle.hpp"
#include "partition_buffers.hpp"

#include <map>
#include <optional>

namespace analytics::ingestor {

class Progress {
public:
    Progress(Consumer &consumer, runtime::Observer &observe) : consumer_(consumer), observe_(observe) {}

    /** Reports what changed, once a second at most. */
    void report(const PartitionBuffers &buffers, Time now);

    /** Makes everything a change again: the observers have dropped it. */
    void reset() { reported_.clear(); }

private:
    struct State {
        std::int64_t next_offset = 0;
        std::optional<std::int64_t> high_watermark;
        std::optional<std::int64_t> waiting_since_ms; // since the Unix epoch

        bool operator==(const State &) const = default;
    };

    Consumer &consumer_;
    runtime::Observer &observe_;
    runtime::Throttle looks_{Milliseconds(1'000)}; // a scraper comes every few seconds
    std::map<Partition, State, PartitionOrder> reported_;
};

} // namespace analytics::ingestor
