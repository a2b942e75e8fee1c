/* The upcasts of analytics_contracts. Each session keeps them until the table changes. */
#pragma once

#include "../../core/upcast_chain.hpp"
#include "../border/extension_schema.hpp"

#include <cstdint>
#include <memory>

namespace analytics::pg {

struct SessionUpcasts {
    const std::shared_ptr<const core::UpcastChain> &chain; // lives as long as a copy of the pointer
    std::uint64_t generation;                              // another chain has another one
};

/** The upcasts as they are now. PostgreSQL phase. */
SessionUpcasts session_upcasts(const ExtensionSchema &schema);

} // namespace analytics::pg
