/* The table analytics_shapes, read as the core wants it, and the news of its change. */
#pragma once

#include "../../core/shape.hpp"
#include "../border/extension_schema.hpp"

namespace analytics::pg {

/** Reads the enabled rows, in the order in which they are tried, into an object that the context owns. The table is read as
 * catalogs are: newest committed rows, whatever the transaction's snapshot. */
core::Shapes *read_shapes(const Home &home, MemoryContext owner);

/** Grows whenever a change of any analytics_shapes reaches this session. */
std::uint64_t shapes_generation(Oid table);

} // namespace analytics::pg
