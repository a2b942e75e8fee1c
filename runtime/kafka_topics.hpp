/* Lists of Kafka topics, as ANALYTICS_KAFKA_TOPIC has them: names, and regular expressions, which begin with ^.
 *
 * Topics whose names begin with two underscores are Kafka's own: no expression matches them. The expressions are POSIX
 * extended ones, as librdkafka compiles them; librdkafka itself is not known here. */
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace analytics::runtime {

/** The names that no expression matches, as an expression. */
inline constexpr std::string_view internal_topics = "^__";

/** The list's items, empty ones too. */
[[nodiscard]] std::vector<std::string> topic_items(std::string_view list);

/** Whether an item is a regular expression. */
[[nodiscard]] bool has_expression(std::string_view list);

/** Whether a topic is one of the list. */
[[nodiscard]] bool is_read(std::string_view list, const std::string &topic);

/** What is wrong with the list, or nothing. */
[[nodiscard]] std::string topics_fault(std::string_view list);

/** What is wrong with one topic's name, or nothing. An empty one is a fault. */
[[nodiscard]] std::string topic_name_fault(std::string_view topic);

} // namespace analytics::runtime
