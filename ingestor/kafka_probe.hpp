/* Reads a partition at single offsets, beside the consumer. librdkafka's error for a batch that it can't read names
 * where the batch begins, and not where it ends. */
#pragma once

#include "../runtime/setting.hpp"
#include "clock.hpp"
#include "record.hpp"

#include <librdkafka/rdkafka.h>
#include <optional>

namespace analytics::ingestor {

/** Errors after which librdkafka would continue behind a record that we never got. */
[[nodiscard]] bool loses_records(rd_kafka_resp_err_t error) noexcept;

class KafkaProbe {
public:
    /** A client of its own, member of no group. Throws runtime::SettingFaults. */
    explicit KafkaProbe(const runtime::Settings &settings);
    ~KafkaProbe();
    KafkaProbe(const KafkaProbe &) = delete;
    KafkaProbe &operator=(const KafkaProbe &) = delete;

    /** Whether reading from this offset meets the error that names error_offset; nothing: no answer in time. */
    [[nodiscard]] std::optional<bool> is_unreadable(const Partition &partition, std::int64_t offset,
                                                    std::int64_t error_offset);

private:
    rd_kafka_t *kafka_ = nullptr;
    Time deadline_; // of all reads together
};

} // namespace analytics::ingestor
