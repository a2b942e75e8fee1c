/* What the feeds want, as the rows of analytics_feeds have it. Each session keeps a copy, and learns of a
 * change before its next statement on events. */
#pragma once

#include "../border/extension_schema.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::pg {

/** One feed's filter. */
struct WantedEvents {
    std::optional<std::vector<std::string>> types; // none: every type
    std::optional<std::string> tenant;             // none: every tenant, and none

    [[nodiscard]] bool takes(std::string_view type, const std::optional<std::string_view> &tenant_of_event) const;
};

/** Whether one of the feeds does. */
bool take(const std::vector<WantedEvents> &feeds, std::string_view type,
          const std::optional<std::string_view> &tenant_of_event);

struct Wanted {
    std::vector<WantedEvents> events;     // the filter of each feed of events
    std::vector<WantedEvents> counts;     // of each feed of counts: of the events that it counts
    std::vector<std::string> projections; // their names
    bool dead_letters = false;

    [[nodiscard]] bool has_projection(std::string_view name) const
    {
        return std::find(projections.begin(), projections.end(), name) != projections.end();
    }
};

/** What all feeds want now. They live as long as a copy of the pointer. PostgreSQL phase. */
const std::shared_ptr<const Wanted> &wanted_by_feeds(const ExtensionSchema &schema);

} // namespace analytics::pg
