/* Whether bags say what the tables hold, as whoever asks sees them.
 *
 * They do, in every snapshot, but in two cases. A statement that is changing events has rows which may be seen, and bags
 * which are not written yet. And TRUNCATE, like the drop of a partition, is seen at once by everybody, whatever his
 * snapshot (PostgreSQL's documentation, 13.6), while bags are rows: a transaction that keeps one snapshot to its end would
 * see the table without its events, and the bags with them; or, where it truncates itself what others have stored since its
 * snapshot, bags that take away what no bag that it sees has brought.
 *
 * Then the events are to be asked. */
#pragma once

#include "../border/extension_schema.hpp"

namespace analytics::pg {

/** Whether an answer made of bags would be what plain SQL over the events says. */
bool bags_agree(const Home &home);

/** To be called before the (sub)transaction truncates a table of events: whether its snapshot shows that table's rows as they
 * are; otherwise, bags do not agree until it ends. */
void expect_truncation(const Home &home, Oid table);

} // namespace analytics::pg
