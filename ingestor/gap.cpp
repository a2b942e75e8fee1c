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
            fmt::format("the next record was at offset {}, but Kafka's first offset is {}", offset, watermarks.low),
            offset, watermarks.low};
    if (offset > watermarks.high)
        return Gap{fmt::format("the next record would be at offset {}, but Kafka ends at {}: the topic was deleted and "
                               "created again, or has lost its newest records",
                               offset, watermarks.high),
                   offset, watermarks.low};
    return {};
}

Gap unreadable_at(std::int64_t offset, std::int64_t error_offset, std::string_view reason,
                  std::optional<std::int64_t> readable_offset)
{
    std::int64_t unreadable = std::max(offset, error_offset);
    const std::int64_t readable = readable_offset.value_or(unreadable + 1);
    if (unreadable >= readable) unreadable = offset; // a batch's own offset may be what is damaged
    if (readable == unreadable + 1)
        return {fmt::format("the record at offset {} can't be read: {}", unreadable, reason), offset, readable};
    return {fmt::format("the records at offsets {} to {} can't be read: {}", unreadable, readable - 1, reason), offset,
            readable};
}

std::optional<std::int64_t> end_of_unreadable(std::int64_t offset, std::int64_t end, const IsUnreadable &is_unreadable)
{
    std::int64_t unreadable = offset;
    std::int64_t readable = offset;
    for (std::int64_t step = 1; readable < end; step *= 2) { // far enough, by doubling
        readable = std::min(unreadable + step, end);
        if (readable == end) break;
        const auto answer = is_unreadable(readable);
        if (!answer) return {};
        if (!*answer) break;
        unreadable = readable;
    }
    while (readable - unreadable > 1) { // then exactly, by halving
        const std::int64_t middle = unreadable + (readable - unreadable) / 2;
        const auto answer = is_unreadable(middle);
        if (!answer) return {};
        (*answer ? unreadable : readable) = middle;
    }
    return std::max(readable, offset + 1);
}

std::string accept_command(const Gap &gap, std::string_view group, PartitionView partition)
{
    return fmt::format("SELECT * FROM analytics_accept_gap({}, {}, {}, {}, {})", literal(group),
                       literal(partition.topic), partition.id, gap.from_offset, gap.to_offset);
}

} // namespace analytics::ingestor
