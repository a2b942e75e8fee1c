/* Looks into a partition at single offsets, beside the consumer that reads it: what librdkafka says of a batch that it
 * can't read names where the batch begins, and not where it ends. */
#pragma once

#include "../runtime/setting.hpp"
#include "ports.hpp"

#include <librdkafka/rdkafka.h>
#include <memory>

namespace analytics::ingestor {

/** Errors after which librdkafka would go on behind a record that we never saw. */
[[nodiscard]] bool loses_records(rd_kafka_resp_err_t error) noexcept;

class Probe {
public:
    /** A client of its own, member of no group. Throws runtime::SettingFaults. */
    explicit Probe(const runtime::Settings &settings);
    ~Probe();
    Probe(const Probe &) = delete;
    Probe &operator=(const Probe &) = delete;

    /** Whether reading from this offset meets what was said to be broken at that one; nothing: no answer in time. */
    [[nodiscard]] std::optional<bool> is_broken(const Partition &partition, std::int64_t offset,
                                                std::int64_t broken_offset);

private:
    rd_kafka_t *kafka_ = nullptr;
    Time deadline_; // of all looks together
};

} // namespace analytics::ingestor
