/* What events and bags say to a projection, asked of the tables in the snapshot that is active: one and the same for all
 * questions of a statement, so that what the bags lack is told to the event while writers go on.
 *
 * PostgreSQL phases; needs SPI to be connected. The object is owned by a memory context. */
#pragma once

#include "../../core/cells.hpp"
#include "../border/saved_statement.hpp"
#include "payload_reader.hpp"
#include "rules.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace analytics::pg {

using Tenant = std::optional<std::string>;
using ProjectionGroup = std::pair<TimestampTz, Tenant>; // by start of the bucket
using ProjectionGroups = std::map<ProjectionGroup, core::Cells>;

class ProjectionQuery {
public:
    /** scratch: memory that is reset for each row. */
    ProjectionQuery(const Home &home, std::shared_ptr<const ProjectionRules> rules, const ProjectionRule &rule,
                    MemoryContext scratch);

    /** What the events in [start, end) say, which are whole buckets. */
    ProjectionGroups &events(TimestampTz start, TimestampTz end);

    /** Likewise, of one tenant, or of none. */
    ProjectionGroups &events_of_tenant(TimestampTz start, TimestampTz end, std::optional<std::string_view> tenant);

    /** What the projection's bags in the same buckets say. */
    ProjectionGroups &bags(TimestampTz start, TimestampTz end);

private:
    struct EventsReader;
    struct BagsReader;

    template <class Reader> ProjectionGroups &ask(SavedStatement &query, const Datum *values, const char *nulls);
    template <class Reader> bool taken(const Reader &reader, TupleTableSlot *row);
    core::Cells &cells_of(TimestampTz bucket_start, std::optional<std::string_view> tenant);
    [[nodiscard]] Datum event_types() const;

    const Home &home_;
    std::shared_ptr<const ProjectionRules> rules_; // keeps rule_
    const ProjectionRule &rule_;
    Observer observer_;
    ProjectionGroups groups_;
    MemoryContext scratch_;
};

} // namespace analytics::pg
