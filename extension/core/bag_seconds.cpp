#include "bag_seconds.hpp"

#include "count.hpp"

#include <algorithm>
#include <utility>

namespace analytics::core {
namespace {

constexpr char version = 1;

/* A bag of so many bytes would cost its writers more than it spares its readers. */
constexpr std::size_t most_bytes = std::size_t{1} << 20U;

/* Roughly what a cell takes, with its part of what comes before it. */
constexpr std::size_t bytes_of_cell = 4;

/* A larger count leaves no bit for the mark of a step. */
constexpr std::int64_t largest_count = std::int64_t{1} << 61U;

/* So many counts may wait until they are sorted in, and as many as are sorted. */
constexpr std::size_t waiting = 64;

/* Events are nearly in the order of time: a count's place is looked for among so many of the last. */
constexpr std::size_t near = 16;

/* Counts that are added to more than so many times as many are added one by one, and others are merged. */
constexpr std::size_t few = 8;

/* Counts in no more seconds than so many times their number are put in order by adding them up in an array. */
constexpr std::size_t dense = 8;

bool before(const SecondCount &a, const SecondCount &b) noexcept
{
    return a.second < b.second;
}

/* Bytes are written through a pointer, as a number at a time would cost more than all the rest. */
void put_counts(std::string &part, std::span<const SecondCount> counts, int first_second)
{
    packed::put(part, counts.size());
    const std::size_t start = part.size();
    part.resize(start + 2 * packed::most_bytes_of_number * counts.size());
    char *at = part.data() + start;
    int last = first_second - 1;
    for (const SecondCount &cell : counts) {
        const int step = cell.second - last;
        at = packed::write(at, packed::zigzag(cell.count) << 1U | (step == 1 ? 0U : 1U));
        if (step != 1) at = packed::write(at, static_cast<std::uint64_t>(step));
        last = cell.second;
    }
    part.resize(static_cast<std::size_t>(at - part.data()));
}

/* Takes the counts before the second off the front. */
std::span<const SecondCount> take_before(std::span<const SecondCount> &counts, int second)
{
    std::size_t taken = 0;
    while (taken < counts.size() && counts[taken].second < second) ++taken;
    const std::span<const SecondCount> front = counts.first(taken);
    counts = counts.subspan(taken);
    return front;
}

} // namespace

bool SecondCounts::add(int second, std::int64_t count)
{
    if (in_order_ == cells_.size()) {
        auto place = cells_.end();
        const auto first = cells_.end() - static_cast<std::ptrdiff_t>(std::min(cells_.size(), near));
        while (place != first && (place - 1)->second > second) --place;
        if (place != cells_.begin() && (place - 1)->second == second) {
            (place - 1)->count = sum_of((place - 1)->count, count);
            return false;
        }
        if (place != first || place == cells_.begin() || place == cells_.end()) {
            cells_.insert(place, {second, count});
            ++in_order_;
            return true;
        }
    }
    cells_.push_back({second, count});
    if (cells_.size() - in_order_ > in_order_ + waiting) settle();
    return true;
}

void SecondCounts::add(const SecondCounts &other)
{
    const std::span<const SecondCount> others = other.sorted();
    if (others.size() * few < cells_.size()) {
        for (const SecondCount &cell : others) add(cell.second, cell.count);
        return;
    }
    settle();
    std::vector<SecondCount> sum;
    sum.reserve(cells_.size() + others.size());
    auto mine = cells_.begin();
    for (const SecondCount &cell : others) {
        while (mine != cells_.end() && mine->second < cell.second) sum.push_back(*mine++);
        sum.push_back(cell);
        if (mine != cells_.end() && mine->second == cell.second) sum.back().count = sum_of(cell.count, mine++->count);
    }
    sum.insert(sum.end(), mine, cells_.end());
    cells_ = std::move(sum);
    in_order_ = cells_.size();
}

std::span<const SecondCount> SecondCounts::sorted() const
{
    settle();
    return cells_;
}

void SecondCounts::settle() const
{
    if (in_order_ < cells_.size()) {
        const auto [first, last] = std::minmax_element(cells_.begin(), cells_.end(), before);
        const std::size_t seconds = static_cast<std::size_t>(last->second - first->second) + 1;
        if (seconds <= cells_.size() * dense)
            add_up(first->second, seconds);
        else
            sort();
    }
    std::erase_if(cells_, [](const SecondCount &cell) { return cell.count == 0; });
    in_order_ = cells_.size();
}

void SecondCounts::add_up(int first, std::size_t seconds) const
{
    std::array<std::int64_t, seconds_per_hour> sums; // NOLINT(cppcoreguidelines-pro-type-member-init): what is used, is
    std::fill_n(sums.begin(), seconds, 0);
    for (const SecondCount &cell : cells_) {
        std::int64_t &sum = sums[static_cast<std::size_t>(cell.second - first)];
        sum = sum_of(sum, cell.count);
    }
    cells_.clear();
    for (std::size_t i = 0; i < seconds; ++i)
        if (sums[i] != 0) cells_.push_back({first + static_cast<int>(i), sums[i]});
}

void SecondCounts::sort() const
{
    std::sort(cells_.begin(), cells_.end(), before);
    std::size_t last = 0;
    for (std::size_t i = 1; i < cells_.size(); ++i)
        if (cells_[i].second == cells_[last].second)
            cells_[last].count = sum_of(cells_[last].count, cells_[i].count);
        else
            cells_[++last] = cells_[i];
    cells_.resize(last + 1);
}

bool pack_seconds(std::span<TypeSeconds> types, std::size_t known, std::string &packed)
{
    for (const TypeSeconds &type : types)
        for (const SecondCount &cell : type.counts)
            if (cell.count > largest_count || cell.count < -largest_count) return false;

    std::string head;
    packed::put(head, types.size() - known);
    for (const TypeSeconds &type : types.subspan(known)) packed::put_text(head, type.name);

    std::size_t cells = 0;
    for (const TypeSeconds &type : types) cells += type.counts.size();
    std::string parts;
    parts.reserve(bytes_of_cell * cells);
    constexpr int none = seconds_per_hour;
    for (int last_minute = 0;;) {
        int next = none;
        for (const TypeSeconds &type : types)
            if (!type.counts.empty()) next = std::min(next, type.counts.front().second);
        if (next == none) break;
        const int minute = next / seconds_per_minute;
        const std::size_t start = parts.size();
        std::size_t last_type = 0;
        for (std::size_t i = 0; i < types.size(); ++i) {
            const auto counts = take_before(types[i].counts, (minute + 1) * seconds_per_minute);
            if (counts.empty()) continue;
            packed::put(parts, i - last_type);
            put_counts(parts, counts, minute * seconds_per_minute);
            last_type = i;
        }
        packed::put(head, static_cast<std::uint64_t>(minute - last_minute));
        packed::put(head, parts.size() - start);
        last_minute = minute;
    }

    packed.assign(1, version);
    packed::put_text(packed, head);
    packed += parts;
    return packed.size() <= most_bytes;
}

std::size_t SecondsHead::bytes_of(std::string_view first, std::size_t size)
{
    if (first.empty() || first.front() != version) throw Corrupt("seconds of an unknown version");
    packed::Rest rest{first.substr(1)};
    const std::uint64_t head = rest.number();
    const auto taken = static_cast<std::size_t>(rest.at - first.data());
    if (head > size - taken) throw Corrupt("seconds end within their head");
    return taken + static_cast<std::size_t>(head);
}

SecondsHead::SecondsHead(std::string_view packed, std::size_t size)
{
    const std::size_t end = bytes_of(packed, size);
    packed::Rest rest{packed.substr(1)};
    rest = packed::Rest{rest.bytes()};
    for (std::uint64_t types = rest.number(); types > 0; --types) types_.push_back(rest.text());

    std::size_t next = 0; // the first minute whose part is not placed
    std::size_t at = end;
    const auto place_until = [&](std::size_t minute) {
        for (; next <= minute; ++next) parts_[next] = at;
    };
    for (bool is_first = true; !rest.empty(); is_first = false) {
        const std::uint64_t step = rest.number();
        if (step == 0 && !is_first) throw Corrupt("seconds hold a minute out of order");
        // next is the minute after the last one
        const std::size_t before = is_first ? 0 : next - 1;
        if (step >= parts_.size() - 1 - before) throw Corrupt("seconds hold a minute out of its hour");
        const std::uint64_t bytes = rest.number();
        if (bytes == 0) throw Corrupt("seconds hold an empty minute");
        if (bytes > size - at) throw Corrupt("seconds end within a minute");
        place_until(before + static_cast<std::size_t>(step));
        at += static_cast<std::size_t>(bytes);
    }
    if (at != size) throw Corrupt("seconds hold bytes after their end");
    place_until(parts_.size() - 1);
}

} // namespace analytics::core
