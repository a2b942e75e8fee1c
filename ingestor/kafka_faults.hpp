/* What is wrong with settings that only Kafka's client can judge: bad ones end the start (exit code 78), before anything
 * is asked of a server. */
#pragma once

#include "../runtime/setting.hpp"

#include <string>
#include <vector>

namespace analytics::ingestor {

/** What librdkafka has against a property or its value, or nothing. */
[[nodiscard]] std::string kafka_property_fault(const runtime::Property &property);

/** What is wrong with the settings together. Makes clients of them, which ask nothing of the brokers. */
[[nodiscard]] std::vector<runtime::SettingFault> kafka_faults(const runtime::Settings &settings);

} // namespace analytics::ingestor
