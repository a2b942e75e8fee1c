#include "mark.hpp"

#include "../../extension/core/text/ascii.hpp"
#include "../../extension/core/text/integer.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace analytics::ingestor {
namespace {

constexpr std::size_t words = 4;

std::optional<std::array<std::string_view, words>> split(std::string_view text)
{
    std::array<std::string_view, words> found;
    for (std::size_t i = 0; i < words; ++i) {
        const std::size_t blank = text.find(' ');
        if ((blank == std::string_view::npos) != (i + 1 == words)) return {};
        found[i] = text.substr(0, blank);
        if (found[i].empty()) return {};
        if (i + 1 < words) text.remove_prefix(blank + 1);
    }
    return found;
}

} // namespace

std::string text_of(const FeedMark &mark)
{
    return fmt::format("{} {} {} {}", mark.position, mark.generation, mark.system, mark.database_oid);
}

std::optional<FeedMark> mark_of(std::string_view text)
{
    const auto found = split(text);
    if (!found) return {};
    const auto generation = core::integer_of<std::int64_t>((*found)[1]);
    if (!generation) return {};
    return FeedMark{.position = std::string((*found)[0]),
                    .generation = *generation,
                    .system = std::string((*found)[2]),
                    .database_oid = std::string((*found)[3])};
}

std::int64_t offset_of(std::string_view position)
{
    return core::integer_of<std::int64_t>(position.substr(0, position.find('.'))).value_or(0);
}

bool is_end(std::string_view position)
{
    return !position.empty() && std::all_of(position.begin(), position.end(), core::is_digit);
}

std::string foreign_fault(const std::optional<std::string> &committed, const FeedClaim &claim, const FeedStore &store)
{
    const auto mark = committed ? mark_of(*committed) : std::nullopt;
    if (!mark || claim.takes_over || (mark->system == store.system && mark->database_oid == store.database_oid))
        return {};
    return fmt::format("another database publishes this feed: oid {} of the system {}", mark->database_oid,
                       mark->system);
}

FeedStart start_of(const std::optional<std::string> &committed, const FeedClaim &claim,
                   const std::optional<std::string> &reported)
{
    const auto mark = committed ? mark_of(*committed) : std::nullopt;
    if (mark && mark->generation == claim.generation) return {.after = mark->position};
    if (reported) return {.fault = "Kafka has no position of this feed any more"};
    if (mark && mark->generation > claim.generation && !claim.takes_over)
        return {.fault = "Kafka has a position of the feed that this database does not know"};
    return {.after = claim.begin_at, .is_first = true};
}

} // namespace analytics::ingestor
