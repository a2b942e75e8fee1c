/* --check: whether the database and Kafka answer, and would let this ingestor work. */
#pragma once

#include "../runtime/command_line.hpp"
#include "../runtime/observe.hpp"

namespace analytics::ingestor {

/** Reports each fault: unreachable, or settings when the consumer group belongs to another store. Throws
 * runtime::SettingFaults. */
[[nodiscard]] runtime::ExitCode check(const runtime::Start &start, runtime::Observer &observe);

} // namespace analytics::ingestor
