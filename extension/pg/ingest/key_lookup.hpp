/* Which keys of a batch a partition's primary key has entries of.
 *
 * Events come nearly in the order of their time, so most are newer than anything there, and looking up each of them would
 * walk the index for nothing. Asked in the order of the key, one search in so many is for the next entry from the row on:
 * a gap in which no other row needs to be looked up, and a place to go on from, entry by entry, as long as batch and
 * index are about as dense (a topic's partitions tell of the same minutes). It reads a page to its end where a look at one
 * key compares a few entries; so rows that are far from what follows are looked up one by one, and scattered ones cost
 * hardly more than without.
 *
 * An entry may be a dead row's: whoever stores will see. What rivals enter after a gap was found is theirs to find. */
#pragma once

#include "row.hpp"

extern "C" {
#include "utils/relcache.h"
}

namespace analytics::pg {

struct KeyLookup;

/** Of the indexes, the primary key on these columns; null when none is. */
Relation key_index(const Relation *indexes, int count, AttrNumber occurred_at, AttrNumber id);

/** Lives in the current memory context; ended by its maker, or on error by the transaction's resource owner. */
KeyLookup *begin_lookup(Relation partition, Relation index);

/** To be asked in the order of the key. */
bool is_known(KeyLookup &lookup, const Row &row);

void end_lookup(KeyLookup &lookup);

} // namespace analytics::pg
