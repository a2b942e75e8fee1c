/* How far behind each partition is, told (partition_progress) about once a second where something changed: the lag in
 * records, and since when the oldest record that is known and not committed has been waiting. That is its own timestamp
 * once we have it in hand; while Kafka only says that there is more, it is when we first noticed. */
#pragma once

#include "../runtime/observe.hpp"
#include "../runtime/throttle.hpp"
#include "holdings.hpp"

#include <map>
#include <optional>

namespace analytics::ingestor {

class Progress {
public:
    Progress(Consumer &consumer, runtime::Observer &observe) : consumer_(consumer), observe_(observe) {}

    /** Looks, unless it did so within the last second. */
    void tell(const Holdings &holdings, Time now);

    /** Everything is news again: the listeners have forgotten it. */
    void forget() { told_.clear(); }

private:
    struct Told {
        std::int64_t next_offset = 0;
        std::optional<std::int64_t> high_watermark;
        std::optional<std::int64_t> waiting_since_ms; // since the Unix epoch

        bool operator==(const Told &) const = default;
    };

    Consumer &consumer_;
    runtime::Observer &observe_;
    runtime::Throttle looks_{Milliseconds(1'000)}; // a scraper comes every few seconds
    std::map<Partition, Told, PartitionOrder> told_;
};

} // namespace analytics::ingestor
