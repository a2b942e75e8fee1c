/* Which keys of a batch have entries in a partition's primary key.
 *
 * Events arrive nearly in the order of their time. Most are newer than all that is stored, and looking up each of them
 * would search the index for nothing. So keys are asked about in their order, and now and then a search finds the next
 * entry after a key. Between the two is a gap: keys that lie in it need no look-up. From that entry on the index is
 * read forward, entry by entry, while the batch's keys are near. Reading forward costs more than a look-up when keys
 * are far apart. Then each key is looked up alone, and a batch of scattered keys costs hardly more than without gaps.
 *
 * An entry may belong to a dead row: the INSERT finds out. A concurrent transaction may add entries to a gap:
 * bulk_insert finds out. */
#pragma once

#include "row.hpp"

extern "C" {
#include "utils/relcache.h"
}

namespace analytics::pg {

struct KeyLookup;

/** The index that is the primary key on these columns; null when there is none. */
Relation key_index(const Relation *indexes, int count, AttrNumber occurred_at, AttrNumber id);

/** Lives in the current memory context. On success the caller ends it; on error the transaction's resource owner
 * does. */
KeyLookup *begin_lookup(Relation partition, Relation index);

/** Whether the index has the key of the row. Rows must be given in the order of their keys. */
bool is_known(KeyLookup &lookup, const Row &row);

void end_lookup(KeyLookup &lookup);

} // namespace analytics::pg
