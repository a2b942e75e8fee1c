/* Which librdkafka properties a user may set, and under which names. Delivery rests on some of them, and some have a
 * setting of their own: those are owned, and refused with the reason. librdkafka itself is not known here. */
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace analytics::runtime {

inline constexpr std::string_view kafka_property_prefix = "ANALYTICS_KAFKA_X_";

/** ANALYTICS_KAFKA_X_FETCH_MIN_BYTES → fetch.min.bytes. Nothing when the name has not that form. */
[[nodiscard]] std::optional<std::string> kafka_property_of(std::string_view environment_name);

/** Why the user may not set it ("use ANALYTICS_…"); empty when he may. */
[[nodiscard]] std::string owned_property_fault(std::string_view property);

/** Whether its value is to be kept out of flags and output. */
[[nodiscard]] bool is_secret_property(std::string_view property) noexcept;

} // namespace analytics::runtime
