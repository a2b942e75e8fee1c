/* Upkeep: what is kept beside the events, kept by whatever statement changes them.
 *
 * A row trigger shows every event that a statement has really stored, changed or deleted to each kind of upkeep, and at
 * the statement's end each writes down what it has gathered:
 *
 *   BEFORE STATEMENT   a session of pending upkeep is opened
 *   FOR EACH ROW       the event is offered to every kind
 *   AFTER STATEMENT    every kind writes; the pending upkeep is closed
 *
 * Rows that are stored in bulk are offered directly where no other trigger would see them (pending.hpp's sole_follower):
 * an AFTER trigger would fetch each of them again.
 *
 * Row triggers are cloned to every partition, statement triggers fire only for the table that the statement names. So a
 * partition that has none (attached by hand, see analytics_watch_partition) has nothing open when a statement is aimed at
 * it, and each row is written at once: slow, and exact. Statements nest (a user's trigger may store events in turn):
 * whoever ends writes what there is, the sum is the same.
 *
 * What is pending belongs to the subtransaction whose statement gathered it, and lives in that one's memory: a
 * subtransaction that fails takes it along. When it commits, there is nothing left, for its statements have ended.
 *
 * A session that restores a dump counts nothing: the dump brings what was kept. */
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

/** Where a partition has the columns that upkeep reads. */
struct EventColumns {
    AttrNumber occurred_at, event_type, ingested_at, tenant_id, payload;
};

/** One event, as it is in the table. Views live as long as the trigger's call. */
struct EventRow {
    TimestampTz occurred_at;
    TimestampTz ingested_at;
    std::string_view event_type;
    std::string_view tenant_id;
    bool has_tenant;
    TupleTableSlot *slot;
    AttrNumber payload_column; // in slot

    [[nodiscard]] std::optional<std::string_view> tenant() const noexcept
    {
        return has_tenant ? std::optional{tenant_id} : std::nullopt;
    }

    /** PostgreSQL phase. */
    [[nodiscard]] Datum payload() const;

    [[nodiscard]] bool is_counted_as(const EventRow &other) const noexcept
    {
        return occurred_at == other.occurred_at && event_type == other.event_type && has_tenant == other.has_tenant &&
               tenant_id == other.tenant_id;
    }
};

/** One kind of what is kept. All of it are PostgreSQL phases; the object is owned by a memory context. */
class Upkeep {
public:
    virtual ~Upkeep() = default;
    virtual void came(const EventRow &event) = 0;
    virtual void went(const EventRow &event) = 0;

    virtual void changed(const EventRow &before, const EventRow &after)
    {
        went(before);
        came(after);
    }

    /** Roughly, what is gathered takes so many pieces of memory; a lot of them is written before the statement's end. */
    [[nodiscard]] virtual std::size_t size() const noexcept = 0;

    /** Writes down all that was gathered. */
    virtual void write() = 0;
};

/** Makes an upkeep that lives in the context. */
using MakeUpkeep = Upkeep *(*)(MemoryContext, const Home &);

/** Every kind at once, for one statement. */
class Upkeeps {
public:
    Upkeeps(MemoryContext context, const Home &home, std::span<const MakeUpkeep> kinds);

    void came(TupleTableSlot *slot);
    void went(TupleTableSlot *slot);
    void changed(TupleTableSlot *before, TupleTableSlot *after);
    void write();

private:
    static constexpr std::size_t most_kinds = 2;

    [[nodiscard]] std::span<Upkeep *const> upkeeps() const noexcept { return {upkeeps_, kinds_}; }
    EventRow row_of(TupleTableSlot *slot);
    void write_if_many();

    Home home_;
    Upkeep *upkeeps_[most_kinds] = {};
    std::size_t kinds_;
    Oid columns_of_ = InvalidOid;
    EventColumns columns_{};
};

} // namespace analytics::pg
