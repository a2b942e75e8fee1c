/* A verdict in one line, to compare and to read:
 *
 *   canonical t s 2025-11-16T18:14:00Z "tenant" ["key"] {"payload":1}      accepted; - stands for what is not there
 *   invalid_field: eventType: must be …                                   refused */
#pragma once

#include "../../../extension/core/normalize.hpp"

#include <string>

namespace analytics::core {

std::string verdict_text(const Verdict &verdict, const Document &document);

} // namespace analytics::core
