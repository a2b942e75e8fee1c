/* What the broker says of a topic's settings. It needs the right DESCRIBE_CONFIGS, which publishing does not. */
#pragma once

#include "../kafka_conf.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace analytics::ingestor {

struct TopicSettings {
    std::optional<std::int64_t> most_bytes = {}; // of a batch of messages, so of a message, too
    bool is_compacted = false;
};

/** Nothing: the user may not ask, or there is no answer in time. */
[[nodiscard]] std::optional<TopicSettings> topic_settings(rd_kafka_t *client, const std::string &topic,
                                                          std::chrono::milliseconds timeout);

} // namespace analytics::ingestor
