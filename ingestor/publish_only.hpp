/* --publish-only: no topic is read, and the publisher of feeds does all. */
#pragma once

#include "../runtime/exit.hpp"
#include "../runtime/observe.hpp"

#include <stop_token>

namespace analytics::ingestor {

/** Until a stop is requested. */
[[nodiscard]] runtime::ExitCode publish_only(const std::stop_token &stop, runtime::Observer &observe);

} // namespace analytics::ingestor
