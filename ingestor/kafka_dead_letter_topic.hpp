/* The DeadLetterTopic that librdkafka drives, with an idempotent producer. A request to the broker holds one
 * message, so a message that the broker finds too large fails alone; several requests are in flight at once, in
 * order. */
#pragma once

#include "../runtime/setting.hpp"
#include "dead_letter.hpp"

#include <memory>

namespace analytics::ingestor {

class KafkaDeadLetterTopic final : public DeadLetterTopic {
public:
    /** Throws runtime::SettingFaults when librdkafka refuses the settings. */
    explicit KafkaDeadLetterTopic(const runtime::Settings &settings);
    ~KafkaDeadLetterTopic() override;
    KafkaDeadLetterTopic(const KafkaDeadLetterTopic &) = delete;
    KafkaDeadLetterTopic &operator=(const KafkaDeadLetterTopic &) = delete;

    DeliveryReport send(std::span<const DeadLetter> dead_letters, const std::stop_token &stop) override;

private:
    struct Handle;
    std::unique_ptr<Handle> handle_;
};

} // namespace analytics::ingestor
