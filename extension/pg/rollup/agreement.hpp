/* Whether the bags that a caller sees agree with the events that he sees. They do in every snapshot, with two
 * exceptions:
 *
 *   A statement is changing events. Its rows may be visible, while its bags are not written yet.
 *   TRUNCATE, or the drop of a partition, is visible to everybody at once, whatever their snapshot (PostgreSQL's
 *   documentation, 13.6), but bags are rows. A transaction with an older snapshot would see the table without its
 *   events, and still their bags. If it truncates itself, it would see a bag that subtracts events whose bags it can't
 *   see.
 *
 * Then the events must be counted. */
#pragma once

#include "../border/extension_schema.hpp"

namespace analytics::pg {

/** Whether the bags give the same counts as plain SQL over the events. */
bool bags_agree(const ExtensionSchema &schema);

/** To be called before the (sub)transaction truncates a table of events. When the table's rows are not those of the
 * snapshot, bags_agree is false until the (sub)transaction ends. */
void expect_truncation(const ExtensionSchema &schema, Oid table);

} // namespace analytics::pg
