/* The outbox of a projection's feed: which rows of the projection statements have changed. See doc/design/feeds.md.
 *
 * A bag has a cell for each row that it changes. So those who append a bag, or delete one, note the keys of its cells.
 * What is put and what is deleted, the reader finds out: it has all bags of the bucket. */
#pragma once

#include "../../core/cells.hpp"
#include "../border/extension_schema.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::pg {

/** Rows of one projection, bucket and tenant. */
struct ChangedRows {
    /** Stands for the row "other", which any bag may change: it has what is beyond the limit of all bags. No key of
     * dimensions begins so. */
    static constexpr std::string_view other = "\xff";

    std::string projection;
    TimestampTz bucket_start = 0;
    std::optional<std::string> tenant;
    std::vector<std::string> keys;
    bool has_deleted = false; // so that "other" may be gone

    /** Of a bag's cells. C++ phase. */
    ChangedRows(std::string_view name, TimestampTz start, std::optional<std::string_view> its_tenant,
                const core::Cells &cells);
};

/** PostgreSQL phase. */
void note_rows(const ExtensionSchema &schema, const std::vector<ChangedRows> &changed);

} // namespace analytics::pg
