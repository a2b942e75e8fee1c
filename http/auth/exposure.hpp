/* Who may reach us. Without API keys only this machine may: events are written without asking who sends them. */
#pragma once

#include "../../runtime/setting.hpp"

#include <optional>
#include <string>

namespace analytics::http {

/** Whether every address that the host stands for is a loopback address; false when it stands for none. */
[[nodiscard]] bool is_loopback(const std::string &host);

[[nodiscard]] std::optional<runtime::SettingFault> exposure_fault(const runtime::Settings &settings);

} // namespace analytics::http
