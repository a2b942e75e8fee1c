/* Faults in settings that only Kafka's client can find. They end the start (exit code 78) before any server is
 * asked. */
#pragma once

#include "../runtime/setting.hpp"

#include <string>
#include <vector>

namespace analytics::ingestor {

/** Why librdkafka refuses a property or its value, or nothing. */
[[nodiscard]] std::string kafka_property_fault(const runtime::Property &property);

/** What is wrong with the settings together. Makes clients of them, which don't ask the brokers anything. */
[[nodiscard]] std::vector<runtime::SettingFault> kafka_faults(const runtime::Settings &settings);

} // namespace analytics::ingestor
