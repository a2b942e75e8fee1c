/* Dead letters into Kafka: the LetterTopic that librdkafka drives, with an idempotent producer. A request to the broker
 * holds one message, so that one which the broker finds too large fails alone; several are under way at once, in order. */
#pragma once

#include "../runtime/setting.hpp"
#include "publish.hpp"

#include <memory>

namespace analytics::ingestor {

class KafkaLetterTopic final : public LetterTopic {
public:
    /** Throws runtime::SettingFaults when librdkafka refuses the settings. */
    explicit KafkaLetterTopic(const runtime::Settings &settings);
    ~KafkaLetterTopic() override;
    KafkaLetterTopic(const KafkaLetterTopic &) = delete;
    KafkaLetterTopic &operator=(const KafkaLetterTopic &) = delete;

    Fates send(std::span<const Letter> letters, const std::stop_token &stop) override;

private:
    struct Handle;
    std::unique_ptr<Handle> handle_;
};

} // namespace analytics::ingestor
