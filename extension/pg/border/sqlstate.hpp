/* The SQLSTATE of each reason, for the functions that raise it: of class 22, the standard's own code where one fits. */
#pragma once

#include "../../core/reason.hpp"

namespace analytics::pg {

int sqlstate_of(core::Reason reason) noexcept;

} // namespace analytics::pg
