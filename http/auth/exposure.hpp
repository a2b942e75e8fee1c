/* Without API keys anybody who reaches the service may write events, so it then listens on loopback addresses alone. */
#pragma once

#include "../../runtime/setting.hpp"

#include <optional>
#include <string>

namespace analytics::http {

/** Whether all addresses of the host are loopback addresses; false if it has none. */
[[nodiscard]] bool is_loopback(const std::string &host);

[[nodiscard]] std::optional<runtime::SettingFault> exposure_fault(const runtime::Settings &settings);

} // namespace analytics::http
