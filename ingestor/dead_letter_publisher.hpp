/* The thread that publishes dead letters, where a dead-letter topic is set; it ends with this object. */
#pragma once

#include "../runtime/observe.hpp"
#include "../runtime/setting.hpp"

#include <memory>

namespace analytics::ingestor {

class DeadLetterPublisher {
public:
    /** Does nothing when ANALYTICS_KAFKA_DLQ_TOPIC is not set. Throws runtime::SettingFaults. */
    DeadLetterPublisher(const runtime::Settings &settings, runtime::Observer &observe);
    ~DeadLetterPublisher();
    DeadLetterPublisher(const DeadLetterPublisher &) = delete;
    DeadLetterPublisher &operator=(const DeadLetterPublisher &) = delete;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace analytics::ingestor
