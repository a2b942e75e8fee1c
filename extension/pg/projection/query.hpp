/* The cells of a projection, computed from its events or from its bags. All queries of a statement read in one
 * snapshot, so the difference between events and bags is exact while others write.
 *
 * PostgreSQL phases. SPI must be connected. A memory context owns the object. */
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
using ProjectionGroup = std::pair<TimestampTz, Tenant>; // start of the bucket
using ProjectionGroups = std::map<ProjectionGroup, core::Cells>;

class ProjectionQuery {
public:
    /** context: owns the object. scratch: memory that is reset after each row. */
    ProjectionQuery(MemoryContext context, const ExtensionSchema &schema, std::shared_ptr<const ProjectionRules> rules,
                    const ProjectionRule &rule, MemoryContext scratch);

    /** The cells of the events in [start, end), which must be whole buckets. Valid until the next query. */
    ProjectionGroups &events(TimestampTz start, TimestampTz end);

    /** The same for one tenant, or for the events without a tenant. */
    ProjectionGroups &events_of_tenant(TimestampTz start, TimestampTz end, std::optional<std::string_view> tenant);

    /** The cells of the projection's bags in the same buckets. */
    ProjectionGroups &bags(TimestampTz start, TimestampTz end);

private:
    struct EventsReader;
    struct BagsReader;

    template <class Reader> ProjectionGroups &ask(SavedStatement &query, std::initializer_list<NullableDatum> values);
    template <class Reader> bool taken(const Reader &reader, TupleTableSlot *row);
    core::Cells &cells_of(TimestampTz bucket_start, std::optional<std::string_view> tenant);
    [[nodiscard]] NullableDatum event_types() const;

    const ExtensionSchema &schema_;
    std::shared_ptr<const ProjectionRules> rules_; // keeps rule_
    const ProjectionRule &rule_;
    PayloadReader reader_;
    ProjectionGroups groups_;
    MemoryContext scratch_;
};

} // namespace analytics::pg
