/* What only librdkafka can say about a setting. */
#pragma once

#include "../runtime/setting.hpp"

#include <string>

namespace analytics::ingestor {

/** What librdkafka has against a property or its value, or nothing. */
[[nodiscard]] std::string kafka_property_fault(const runtime::Property &property);

} // namespace analytics::ingestor
