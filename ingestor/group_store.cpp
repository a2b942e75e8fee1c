#include "group_store.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

namespace analytics::ingestor {
namespace {

constexpr std::string_view format = "analytics_events/1 ";
struct Mark {
    std::string_view id;
    std::string_view system;
    std::string_view database_oid;
    std::string_view database; // a name may change

    [[nodiscard]] bool is_same(const Mark &other) const noexcept
    {
        return id == other.id && system == other.system && database_oid == other.database_oid;
    }
};

/* Nothing where the metadata is no mark. */
std::optional<Mark> read(std::string_view metadata)
{
    if (!metadata.starts_with(format)) return {};
    metadata.remove_prefix(format.size());
    Mark mark;
    for (std::string_view *word : {&mark.id, &mark.system, &mark.database_oid}) {
        const std::size_t blank = metadata.find(' ');
        if (blank == std::string_view::npos) return {};
        *word = metadata.substr(0, blank);
        metadata.remove_prefix(blank + 1);
    }
    mark.database = metadata;
    return mark;
}

bool is_same(std::string_view metadata, std::string_view other)
{
    const auto a = read(metadata);
    const auto b = read(other);
    return a && b && a->is_same(*b);
}

bool is_anothers(std::string_view metadata, std::string_view mark)
{
    return read(metadata) && !is_same(metadata, mark);
}

std::string described(std::string_view metadata)
{
    const auto mark = read(metadata);
    if (!mark) return std::string(metadata);
    return fmt::format("database \"{}\" (oid {}) of the system {}, store {}", mark->database, mark->database_oid,
                       mark->system, mark->id);
}

/* The mark that decides whose the group is; empty: it is nobody's. */
std::string deciding_mark(const std::vector<GroupOffset> &offsets)
{
    const GroupOffset *first = nullptr;
    const PartitionOrder before;
    for (const GroupOffset &offset : offsets)
        if (read(offset.metadata) && (first == nullptr || before(offset.partition, first->partition))) first = &offset;
    return first == nullptr ? std::string() : first->metadata;
}

} // namespace

std::string mark_of(const Store &store)
{
    return fmt::format("{}{} {} {} {}", format, store.id, store.system, store.database_oid, store.database);
}

GroupStore::Owner GroupStore::check(const Store &ours)
{
    mark_ = mark_of(ours);
    const auto offsets = consumer_.group_offsets();
    return offsets ? decide(*offsets) : Owner::unknown;
}

GroupStore::Owner GroupStore::decide(const std::vector<GroupOffset> &offsets)
{
    const std::string mark = deciding_mark(offsets);
    if (is_anothers(mark, mark_)) {
        if (adopts_) return adopt(offsets, mark);
        observe_(event::GroupOfAnotherStore{
            .group = group_,
            .store = described(mark_),
            .other_store = described(mark),
            .message = fmt::format("the consumer group \"{}\" belongs to another store, {}", group_, described(mark)),
            .hint = "use another group (ANALYTICS_KAFKA_CONSUMER_GROUP); or, if this store replaces the other one "
                    "after a restore or a move, start once with --adopt-group"});
        return Owner::another;
    }
    consumer_.set_offset_metadata(mark_);
    seen_ = offsets;
    return Owner::ours;
}

GroupStore::Owner GroupStore::adopt(const std::vector<GroupOffset> &offsets, const std::string &other)
{
    consumer_.set_offset_metadata(mark_);
    std::vector<StartOffset> anothers;
    for (const auto &[partition, offset, metadata] : offsets)
        if (is_anothers(metadata, mark_)) anothers.push_back({partition, offset});
    if (!consumer_.commit(anothers)) return Owner::unknown;
    adopts_ = false;
    observe_(event::GroupAdopted{.group = group_, .store = described(mark_), .other_store = described(other)});
    seen_.clear();
    return Owner::ours;
}

GroupStore::Owner GroupStore::mark(std::span<const StartOffset> claimed)
{
    std::vector<StartOffset> unmarked;
    for (const StartOffset &start : claimed) {
        const bool is_marked = std::ranges::any_of(seen_, [&](const GroupOffset &offset) {
            return offset.partition.topic == start.partition.topic && offset.partition.id == start.partition.id &&
                   is_same(offset.metadata, mark_);
        });
        if (!is_marked) unmarked.push_back(start);
    }
    if (unmarked.empty()) return Owner::ours;
    if (!consumer_.commit(unmarked)) return Owner::unknown;
    const auto offsets = consumer_.group_offsets();
    if (!offsets) return Owner::unknown;
    const auto owner = decide(*offsets);
    const bool has_anothers =
        std::ranges::any_of(*offsets, [&](const GroupOffset &offset) { return is_anothers(offset.metadata, mark_); });
    return owner == Owner::ours && has_anothers ? Owner::contested : owner;
}

} // namespace analytics::ingestor
