/* The DeadLetterTopic that librdkafka drives, with an idempotent producer. A request to the broker holds one
 * message, so a message that the broker finds too large fails alone; several requests are in flight at once, in
 * order. */
#pragma once

#include "../runtime/setting.hpp"
#include "dead_letter.hpp"
#include "kafka_conf.hpp"

#include <memory>

namespace analytics::ingestor {

class KafkaDeadLetterTopic final : public DeadLetterTopic {
public:
    /** Throws runtime::SettingFaults when librdkafka refuses the settings. */
    explicit KafkaDeadLetterTopic(const runtime::Settings &settings);

    DeliveryReport send(std::span<const DeadLetter> dead_letters, const std::stop_token &stop) override;

    /** Of one message in flight. librdkafka reports each exactly once, by poll. */
    struct Delivery {
        bool is_over = false;
        rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;

        void end(rd_kafka_resp_err_t outcome) noexcept
        {
            is_over = true;
            error = outcome;
        }
    };

private:
    void connect();
    void produce(const DeadLetter &dead_letter, Delivery &delivery);

    const runtime::Settings &settings_;
    std::string topic_;
    std::unique_ptr<rd_kafka_t, Freed<rd_kafka_destroy>> kafka_;
};

} // namespace analytics::ingestor
