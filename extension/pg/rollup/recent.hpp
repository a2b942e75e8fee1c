/* The newest events of a tenant, of a type, or of both, before one of them.
 *
 * The rollups say which minutes hold any; the events of those minutes are read by the primary key, and nothing else is
 * looked at. So the answer costs what it brings, wherever in time that lies. Bags only say where to look: what is told are
 * the caller's rows, under the caller's rights and policies, in the snapshot that the bags were read in.
 *
 *      hours that have bags, newest first      ... |-----#--##----------| |---##---##-#---------| ...
 *      ranges to be read, minutes joined                 -  --                --   -- -
 *      one statement                                     {---------- rows wanted ----------}
 *
 * A statement takes as many ranges as promise the rows that are still wanted, of one partition, whose plan is quick to make. A
 * promise may be broken: by rollups that outlived their events, by policies, by a minute that is read from its middle.
 * Then there is a next statement, of twice as many rows, so that ever so many broken promises take few statements.
 *
 * Three things the bags can't tell. Events at infinity, which no minute holds: these have ranges of their own. Years of
 * rollups whose partitions are gone: a time without a partition is passed over in one step. And what a statement that is
 * being executed has done so far, or a snapshot does not show (agreement.hpp): there, and in any trigger, all of time is one
 * range. */
#pragma once

#include "../border/extension_schema.hpp"
#include "../border/result_set.hpp"

namespace analytics::pg {

/** Where an event stands in the order of all. */
struct Position {
    TimestampTz occurred_at;
    Datum id;
};

/** Answers with the newest events before the position, at most limit. A null tenant or type stands for all of them. */
void put_recent(Answer &answer, const Home &home, const Position &before, std::int64_t limit,
                const NullableDatum &tenant, const NullableDatum &type);

} // namespace analytics::pg
