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

Gap unreadable_at(std::int64_t offset, std::int64_t broken_offset, std::string_view reason,
                  std::optional<std::int64_t> readable_offset)
{
    std::int64_t broken = std::max(offset, broken_offset);
    const std::int64_t readable = readable_offset.value_or(broken + 1);
    if (broken >= readable) broken = offset; // a batch's own offset may be what is spoilt
    if (readable == broken + 1)
        return {fmt::format("the record at offset {} can't be read: {}", broken, reason), offset, readable};
    return {fmt::format("the records at offsets {} to {} can't be read: {}", broken, readable - 1, reason), offset,
            readable};
}

std::optional<std::int64_t> end_of_broken(std::int64_t offset, std::int64_t end, const IsBroken &is_broken)
{
    std::int64_t broken = offset;
    std::int64_t sound = offset;
    for (std::int64_t step = 1; sound < end; step *= 2) { // far enough, by doubling
        sound = std::min(broken + step, end);
        if (sound == end) break;
        const auto answer = is_broken(sound);
        if (!answer) return {};
        if (!*answer) break;
        broken = sound;
    }
    while (sound - broken > 1) { // then exactly, by halving
        const std::int64_t middle = broken + (sound - broken) / 2;
        const auto answer = is_broken(middle);
        if (!answer) return {};
        (*answer ? broken : sound) = middle;
    }
    return std::max(sound, offset + 1);
}

std::string accepting(const Gap &gap, std::string_view group, PartitionView partition)
{
    return fmt::format("SELECT * FROM analytics_accept_gap({}, {}, {}, {}, {})", literal(group),
                       literal(partition.topic), partition.id, gap.from_offset, gap.to_offset);
}

} // namespace analytics::ingestor
