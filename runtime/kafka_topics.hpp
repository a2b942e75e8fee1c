/* Lists of Kafka topics, the form of ANALYTICS_KAFKA_TOPIC: names, and regular expressions, which begin with ^.
 *
 * Topics whose names begin with two underscores are Kafka's own: no expression matches them. The expressions are POSIX
 * extended ones, as in librdkafka. */
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace analytics::runtime {

/** Matches the names that no expression in a list matches. */
inline constexpr std::string_view internal_topics = "^__";

/** The list's items, empty ones too. */
[[nodiscard]] std::vector<std::string> topic_items(std::string_view list);

/** Whether an item is a regular expression. */
[[nodiscard]] bool has_expression(std::string_view list);

/** Whether a topic is read where this list is set. */
[[nodiscard]] bool is_read(std::string_view list, const std::string &topic);

/** What is wrong with the list, or nothing. */
[[nodiscard]] std::string topics_fault(std::string_view list);

/** What is wrong with one topic's name, or nothing. An empty name is a fault. */
[[nodiscard]] std::string topic_name_fault(std::string_view topic);

} // namespace analytics::runtime
