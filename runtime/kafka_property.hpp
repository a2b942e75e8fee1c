/* Which librdkafka properties a user may set, and by which names. Properties on which delivery rests, or which have
 * a setting of their own, are owned: they are refused with the reason. */
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace analytics::runtime {

inline constexpr std::string_view kafka_property_prefix = "ANALYTICS_KAFKA_X_";

/** ANALYTICS_KAFKA_X_FETCH_MIN_BYTES → fetch.min.bytes. Nothing when the name has another form. */
[[nodiscard]] std::optional<std::string> kafka_property_of(std::string_view environment_name);

/** Why the user may not set it ("use ANALYTICS_…"); empty: it may be set. */
[[nodiscard]] std::string owned_property_fault(std::string_view property);

/** Whether its value must not appear in flags or output. */
[[nodiscard]] bool is_secret_property(std::string_view property) noexcept;

} // namespace analytics::runtime
