/* The number of open dead letters by reason: analytics_dead_letter_counts holds it as bags do (see bags.hpp), each a
 * reason and a number that may be negative. A dead letter is open while no replay has accepted it.
 *
 * It is a part of a counter for StatementDelta. Its functions are PostgreSQL phases. */
#pragma once

#include "../border/extension_schema.hpp"

extern "C" {
#include "executor/tuptable.h"
}

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace analytics::pg {

class OpenDeadLetters {
public:
    /** The schema's prefix must live as long as this. */
    explicit OpenDeadLetters(const ExtensionSchema &schema) : schema_(schema) {}

    void inserted(TupleTableSlot *dead_letter) { count(dead_letter, 1); }
    void deleted(TupleTableSlot *dead_letter) { count(dead_letter, -1); }

    void updated(TupleTableSlot *before, TupleTableSlot *after)
    {
        count(before, -1);
        count(after, 1);
    }

    /** Appends a bag for each reason whose number has changed, and folds the reason's bags where there are many. */
    void write();

private:
    void count(TupleTableSlot *dead_letter, std::int64_t number);

    ExtensionSchema schema_;
    std::map<std::string, std::int64_t, std::less<>> changes_; // by reason
};

OpenDeadLetters *make_open_dead_letters(MemoryContext context, const ExtensionSchema &schema);

/** TRUNCATE of the dead letters takes their counts along: both are gone for everybody at once, whatever his
 * snapshot. */
void truncate_dead_letter_counts(const ExtensionSchema &schema);

} // namespace analytics::pg
