/* The dead letters that a statement has stored, as far as a feed wants them: at its end the outbox gets their ids. Part
 * of a counter for StatementDelta. Its functions are PostgreSQL phases.
 *
 * A row of the outbox has ids of 16 bytes. A dead letter's number is the last eight of them. */
#pragma once

#include "../border/extension_schema.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "utils/uuid.h"
}

#include <vector>

namespace analytics::pg {

class NotedDeadLetters {
public:
    /** The schema's prefix must live as long as this. */
    explicit NotedDeadLetters(const ExtensionSchema &schema) : schema_(schema) {}

    void inserted(TupleTableSlot *dead_letter);

    /** Notes a dead letter that was none before (a replay has found another reason), or whose publish_fault was taken
     * away. */
    void updated(TupleTableSlot *before, TupleTableSlot *after);

    void write();

private:
    struct Note {
        pg_uuid_t id;
        TimestampTz received_at;
    };

    void note(TupleTableSlot *dead_letter);

    ExtensionSchema schema_;
    std::vector<Note> notes_;
};

/** nullptr while no feed wants dead letters. */
NotedDeadLetters *make_noted_dead_letters(MemoryContext context, const ExtensionSchema &schema);

} // namespace analytics::pg
