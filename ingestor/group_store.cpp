#include "group_store.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace analytics::ingestor {
namespace {

using runtime::Event;

constexpr std::string_view format = "analytics_events/1 ";
constexpr std::size_t identifying = 3; // words after the format: a database may be renamed

/* The mark's identifying words and then the name; nothing where it is no mark. */
std::optional<std::array<std::string_view, identifying + 1>> words_of(std::string_view mark)
{
    if (!mark.starts_with(format)) return {};
    mark.remove_prefix(format.size());
    std::array<std::string_view, identifying + 1> words;
    for (std::size_t i = 0; i < identifying; ++i) {
        const std::size_t blank = mark.find(' ');
        if (blank == std::string_view::npos) return {};
        words[i] = mark.substr(0, blank);
        mark.remove_prefix(blank + 1);
    }
    words[identifying] = mark;
    return words;
}

bool is_same(std::string_view mark, std::string_view other)
{
    const auto a = words_of(mark);
    const auto b = words_of(other);
    return a && b && std::equal(a->begin(), a->begin() + identifying, b->begin());
}

std::string described(std::string_view mark)
{
    const auto words = words_of(mark);
    if (!words) return std::string(mark);
    const auto &[id, system, oid, name] = *words;
    return fmt::format("database \"{}\" (oid {}) of the system {}, store {}", name, oid, system, id);
}

/* The mark that says whose the group is; empty: nobody's. */
std::string decisive(const std::vector<GroupOffset> &offsets)
{
    const GroupOffset *first = nullptr;
    const PartitionOrder before;
    for (const GroupOffset &offset : offsets)
        if (words_of(offset.metadata) && (first == nullptr || before(offset.partition, first->partition)))
            first = &offset;
    return first == nullptr ? std::string() : first->metadata;
}

} // namespace

std::string mark_of(const Store &store)
{
    return fmt::format("{}{} {} {} {}", format, store.id, store.system, store.database_oid, store.database);
}

GroupStore::Answer GroupStore::check(const Store &ours)
{
    mark_ = mark_of(ours);
    const auto offsets = consumer_.group_offsets();
    return offsets ? judge(*offsets) : Answer::unknown;
}

GroupStore::Answer GroupStore::judge(const std::vector<GroupOffset> &offsets)
{
    const std::string mark = decisive(offsets);
    if (!mark.empty() && !is_same(mark, mark_)) {
        if (adopts_) return adopt(offsets, mark);
        observe_(
            Event::group_of_another_store,
            {{"group", group_},
             {"store", described(mark_)},
             {"other_store", described(mark)},
             {"message",
              fmt::format("the consumer group \"{}\" belongs to another store, {}", group_, described(mark))},
             {"hint", "use another group (ANALYTICS_KAFKA_CONSUMER_GROUP); or, if the other store is gone, after a "
                      "restore or a move, start once with --adopt-group"}});
        return Answer::anothers;
    }
    consumer_.sign(mark_);
    seen_ = offsets;
    return Answer::ours;
}

GroupStore::Answer GroupStore::adopt(const std::vector<GroupOffset> &offsets, const std::string &other)
{
    consumer_.sign(mark_);
    std::vector<Start> anothers;
    for (const auto &[partition, offset, metadata] : offsets)
        if (words_of(metadata) && !is_same(metadata, mark_)) anothers.push_back({partition, offset});
    if (!consumer_.commit(anothers)) return Answer::unknown;
    adopts_ = false;
    observe_(Event::group_adopted, {{"group", group_}, {"store", described(mark_)}, {"other_store", described(other)}});
    seen_.clear();
    return Answer::ours;
}

GroupStore::Answer GroupStore::sign(std::span<const Start> claimed)
{
    std::vector<Start> unsigned_ones;
    for (const Start &start : claimed) {
        const bool is_signed = std::ranges::any_of(seen_, [&](const GroupOffset &offset) {
            return offset.partition.topic == start.partition.topic && offset.partition.id == start.partition.id &&
                   is_same(offset.metadata, mark_);
        });
        if (!is_signed) unsigned_ones.push_back(start);
    }
    if (unsigned_ones.empty()) return Answer::ours;
    if (!consumer_.commit(unsigned_ones)) return Answer::unknown;
    const auto offsets = consumer_.group_offsets();
    return offsets ? judge(*offsets) : Answer::unknown;
}

} // namespace analytics::ingestor
