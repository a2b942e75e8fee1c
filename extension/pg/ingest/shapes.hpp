/* The rows of analytics_shapes in the form that the core needs, and whether they have changed. */
#pragma once

#include "../../core/shape.hpp"
#include "../border/extension_schema.hpp"

namespace analytics::pg {

/** The enabled shapes in the order in which they are tried, in an object that the context owns. */
core::Shapes *read_shapes(const ExtensionSchema &schema, MemoryContext owner);

/** A number that grows whenever this session learns of a change of the table. */
std::uint64_t shapes_generation(Oid table);

} // namespace analytics::pg
