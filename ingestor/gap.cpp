#include "gap.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace analytics::ingestor {
namespace {

std::string literal(std::string_view text)
{
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'') quoted += c;
        quoted += c;
    }
    return quoted + '\'';
}

} // namespace

std::optional<Gap> gap_at(std::int64_t offset, const Watermarks &watermarks)
{
    if (offset < watermarks.low)
        return Gap{
            fmt::format("the next record was at offset {}, but Kafka has none before {}", offset, watermarks.low),
            offset, watermarks.low};
    if (offset > watermarks.high)
        return Gap{fmt::format("the next record would be at offset {}, but Kafka ends at {}: the topic was made anew, "
                               "or has lost its end",
                               offset, watermarks.high),
                   offset, watermarks.low};
    return {};
}

Gap unreadable_at(std::int64_t offset, std::int64_t broken_offset, std::string_view reason)
{
    const std::int64_t broken = std::max(offset, broken_offset);
    return {fmt::format("the record at offset {} can't be read: {}", broken, reason), offset, broken + 1};
}

std::string accepting(const Gap &gap, std::string_view group, PartitionView partition)
{
    return fmt::format("SELECT * FROM analytics_accept_gap({}, {}, {}, {}, {})", literal(group),
                       literal(partition.topic), partition.id, gap.from_offset, gap.to_offset);
}

} // namespace analytics::ingestor
