/* The version of an event: an integer from 1 to 2147483647. An event type may say it at its end, as in
 * "order.placed.v2"; a payload or a record may say it in a member. */
#pragma once

#include "json.hpp"
#include "number.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace analytics::core {

using Version = std::int32_t;

struct VersionSuffix {
    std::string_view event_type; // without the suffix; not empty
    Version version = 1;
};

/** The type and the version of "type.vN"; nothing for any other text. N has no leading zeros. */
[[nodiscard]] std::optional<VersionSuffix> version_suffix(std::string_view event_type) noexcept;

/** The version that a number is; nothing for any other. */
[[nodiscard]] std::optional<Version> version_of(const Decimal &number);

/** The version that a number says, by its value: 2, 2.0 and 20e-1 are the same. Nothing when it is no version. */
[[nodiscard]] std::optional<Version> version_of_number(const Node &node);

/** The same, and a text of digits without leading zeros. */
[[nodiscard]] std::optional<Version> version_of_member(const Node &node);

} // namespace analytics::core
