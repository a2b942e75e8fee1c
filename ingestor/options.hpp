/* The loop's options as the settings give them. */
#pragma once

#include "../runtime/setting.hpp"
#include "run.hpp"

namespace analytics::ingestor {

[[nodiscard]] RunOptions options_of(const runtime::Settings &settings, bool adopts_group);

} // namespace analytics::ingestor
