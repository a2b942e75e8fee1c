/* Maintainers keep up to date what is derived from the events: rollups, projections, and the outbox of feeds. Every
 * statement that changes events calls them, by triggers:
 *
 *   BEFORE STATEMENT   a StatementDelta is opened
 *   FOR EACH ROW       each maintainer gets the event that was inserted, deleted or updated
 *   AFTER STATEMENT    each maintainer writes what it has gathered, and the StatementDelta is closed
 *
 * Rows that are stored in bulk are given to the maintainers directly where that makes no difference (sole_maintainers
 * in statement_delta.hpp): a trigger would fetch each row again.
 *
 * PostgreSQL clones row triggers to every partition, but statement triggers fire only for the table that the statement
 * names. A partition that was attached by hand may be without them (see analytics_watch_partition). When a statement
 * names it, no StatementDelta is open, and each row is written at once: slow, but exact. Statements nest, because a
 * trigger of the operator may store events. Each writes at its end all that there is: the sum is the same.
 *
 * A StatementDelta belongs to the subtransaction of its statement, and lives in that one's memory. When the
 * subtransaction fails, it is freed. When the subtransaction commits, none is left, because its statements have ended.
 *
 * While a dump is restored nothing is counted: the dump has the rollups and projections too. */
#pragma once

#include "../border/extension_schema.hpp"

extern "C" {
#include "executor/tuptable.h"
}

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace analytics::pg {

/** The numbers of the columns that maintainers read, in a partition. */
struct EventColumns {
    AttrNumber id, occurred_at, event_type, ingested_at, tenant_id, payload;
};

/** One event of the table. Its views live as long as the trigger's call. */
struct EventRow {
    TimestampTz occurred_at;
    TimestampTz ingested_at;
    std::string_view event_type;
    std::optional<std::string_view> tenant;
    TupleTableSlot *slot;
    AttrNumber payload_column; // in slot
    AttrNumber id_column;

    /** PostgreSQL phases. */
    [[nodiscard]] Datum payload() const;
    [[nodiscard]] Datum id() const;

    [[nodiscard]] bool is_counted_as(const EventRow &other) const noexcept
    {
        return occurred_at == other.occurred_at && event_type == other.event_type && tenant == other.tenant;
    }
};

/** Keeps one kind of derived data. Its functions are PostgreSQL phases; a memory context owns the object. */
class Maintainer {
public:
    virtual ~Maintainer() = default;
    virtual void inserted(const EventRow &event) = 0;
    virtual void deleted(const EventRow &event) = 0;

    virtual void updated(const EventRow &before, const EventRow &after)
    {
        deleted(before);
        inserted(after);
    }

    /** Roughly the number of allocations for what was gathered. When there are many, write is called before the
     * statement's end. */
    [[nodiscard]] virtual std::size_t size() const noexcept = 0;

    /** Writes what was gathered to the tables, and forgets it. */
    virtual void write() = 0;
};

/** Makes a maintainer that the context owns; nullptr where there is nothing to keep. */
using MakeMaintainer = Maintainer *(*)(MemoryContext, const ExtensionSchema &);

/** The maintainers of all kinds, for one statement. */
class Maintainers {
public:
    Maintainers(MemoryContext context, const ExtensionSchema &schema, std::span<const MakeMaintainer> kinds);

    void inserted(TupleTableSlot *slot);
    void deleted(TupleTableSlot *slot);
    void updated(TupleTableSlot *before, TupleTableSlot *after);
    void write();

private:
    static constexpr std::size_t most_kinds = 4;

    [[nodiscard]] std::span<Maintainer *const> maintainers() const noexcept { return {maintainers_, kinds_}; }
    EventRow row_of(TupleTableSlot *slot);
    void write_if_many();

    ExtensionSchema schema_;
    Maintainer *maintainers_[most_kinds] = {};
    std::size_t kinds_ = 0;
    Oid columns_of_ = InvalidOid;
    EventColumns columns_{};
};

} // namespace analytics::pg
