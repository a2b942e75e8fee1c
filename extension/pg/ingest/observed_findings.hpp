/* What contracts observe in a batch: how often each finding is there, in the events that the batch stores.
 *
 * analytics_contract_finding_counts keeps it as bags do (see rollup/bags.hpp): each batch appends a bag for each of its
 * findings, so no two batches change the same row, and folds a finding's bags where there are many. */
#pragma once

#include "../../core/normalize.hpp"
#include "../border/extension_schema.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace analytics::pg {

class ObservedFindings {
public:
    /** Notes the finding of an accepted record. Records come in the order of their items. C++ phase. */
    void add(const core::Verdict &verdict, std::int32_t item);

    /** Counts the item's finding, if it has one. */
    void count(std::int32_t item) noexcept;

    /** Appends the counts, as seen at that time. PostgreSQL phase. */
    void write(const ExtensionSchema &schema, TimestampTz seen_at);

private:
    /** Event type, version, pointer, keyword. */
    using Key = std::tuple<std::string, core::Version, std::string, std::string>;

    struct Item {
        std::int32_t item;
        std::int64_t *count; // of its finding
    };

    std::map<Key, std::int64_t> counts_; // its nodes do not move
    std::vector<Item> items_;
};

} // namespace analytics::pg
