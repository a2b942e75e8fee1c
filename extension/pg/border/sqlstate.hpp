/* Reasons as SQLSTATEs, for the functions that raise them: all of class 22, the standard's own code where one fits. */
#pragma once

#include "../../core/reason.hpp"

namespace analytics::pg {

int sqlstate_of(core::Reason reason) noexcept;

} // namespace analytics::pg
