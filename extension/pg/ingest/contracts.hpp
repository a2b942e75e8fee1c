/* The rows of analytics_contracts in the form that the core needs. Each session keeps them until the table changes. */
#pragma once

#include "../../core/contract.hpp"
#include "../border/extension_schema.hpp"

namespace analytics::pg {

struct SessionContracts {
    const core::Contracts *contracts;
    std::uint64_t generation; // other contracts have another one
};

/** The contracts as they are now; they live until a call finds that the table has changed. PostgreSQL phase. */
SessionContracts session_contracts(const ExtensionSchema &schema);

} // namespace analytics::pg
