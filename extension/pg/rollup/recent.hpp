/* The newest events of a tenant, of a type, or of both, before a position.
 *
 * The rollups say which minutes have events. The events of those minutes are read by the primary key, and nothing else
 * is read. So the cost depends on the rows returned, not on where in time they are. Bags only say where to look: the
 * rows are read with the caller's rights and policies, in the same snapshot as the bags.
 *
 *      hours that have bags, newest first      ... |-----#--##----------| |---##---##-#---------| ...
 *      ranges to read, minutes joined                    -  --                --   -- -
 *      one statement                                     {---------- rows wanted ----------}
 *
 * A statement takes ranges of one partition, as its plan is then made quickly, until they promise the rows that are
 * still wanted. There may be fewer rows than promised: rollups may outlive their events, policies may hide events, and
 * the first minute is read in part. Then another statement takes ranges that promise twice as many rows. So few
 * statements are needed however many promises fail.
 *
 * Bags don't cover three cases. Events at infinity are in no minute: these have ranges of their own. Rollups may be
 * left for years whose partitions were dropped: a time without a partition is passed over in one step. And bags may not
 * agree with the events (agreement.hpp): then, and in any trigger, all of time is one range. */
#pragma once

#include "../border/extension_schema.hpp"
#include "../border/result_set.hpp"

namespace analytics::pg {

/** An event's position in the order of all events. */
struct Position {
    TimestampTz occurred_at;
    Datum id;
};

/** Returns the newest events before the position, at most limit. A null tenant or type means all of them. */
void put_recent(ResultSet &result, const ExtensionSchema &schema, const Position &before, std::int64_t limit,
                const NullableDatum &tenant, const NullableDatum &type);

} // namespace analytics::pg
