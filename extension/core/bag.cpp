#include "bag.hpp"

#include "count.hpp"
#include "error.hpp"
#include "packed.hpp"

#include <algorithm>
#include <iterator>

namespace analytics::core {
namespace {

constexpr char version = 1;

/* Roughly what a type takes in memory: its node, and the first allocation of its counts. */
constexpr std::size_t bytes_of_type = 100;

using packed::put;
using packed::put_signed;
using packed::put_text;
using packed::take;
using packed::take_bytes;
using packed::take_signed;
using packed::take_text;

} // namespace

bool MinuteReader::next(MinuteCount &cell)
{
    if (at_ == end_) return false;
    const std::uint64_t step = take(at_, end_);
    if (step >= minutes_per_hour || (step == 0 && minute_ >= 0)) throw Corrupt("bag holds a minute out of order");
    minute_ = std::max(minute_, 0) + static_cast<int>(step);
    if (minute_ >= minutes_per_hour) throw Corrupt("bag holds a minute out of its hour");
    cell = {minute_, take_signed(at_, end_)};
    if (cell.count == 0) throw Corrupt("bag holds a minute without a count");
    return true;
}

BagReader::BagReader(std::string_view packed) : at_(packed.data()), end_(packed.data() + packed.size())
{
    if (packed.empty() || *at_++ != version) throw Corrupt("bag of an unknown version");
}

bool BagReader::next()
{
    if (at_ == end_) return false;
    const std::string_view type = take_text(at_, end_);
    if (!first_ && type <= type_) throw Corrupt("bag holds types out of order");
    first_ = false;
    type_ = type;
    total_ = take_signed(at_, end_);
    minutes_ = take_bytes(at_, end_).data();
    if (minutes_ == at_) throw Corrupt("bag holds a type without minutes");
    return true;
}

Bag::Counts &Bag::counts_of(std::string_view type)
{
    const auto found = types_.lower_bound(type);
    if (found != types_.end() && found->first == type) return found->second;
    return types_.emplace_hint(found, type, Counts{})->second;
}

void Bag::Counts::add(int minute, std::int64_t count)
{
    if (minutes.empty() || minutes.back().minute < minute) {
        minutes.push_back({minute, count});
        return;
    }
    auto found = minutes.end() - 1;
    if (found->minute != minute)
        found = std::lower_bound(minutes.begin(), minutes.end(), minute,
                                 [](const MinuteCount &cell, int wanted) { return cell.minute < wanted; });
    if (found->minute != minute)
        minutes.insert(found, {minute, count});
    else
        found->count = sum_of(found->count, count);
}

std::size_t Bag::add_second(std::string_view type, int second, std::int64_t count)
{
    const std::size_t types = types_.size();
    const bool is_new = counts_of(type).seconds.add(second, count);
    return (types_.size() - types) * bytes_of_type + (is_new ? sizeof(SecondCount) : 0);
}

void Bag::add(std::string_view type, int minute, std::int64_t count)
{
    has_seconds_ = false;
    counts_of(type).add(minute, count);
}

void Bag::add_second_alone(std::string_view type, int second, std::int64_t count)
{
    Counts &mine = counts_of(type);
    mine.seconds.add(second, count);
    mine.add(second / seconds_per_minute, difference_of(0, count));
}

void Bag::add(std::string_view cells, const std::optional<std::string_view> &seconds)
{
    has_seconds_ = has_seconds_ && seconds;
    std::vector<Counts *> types;
    for (BagReader reader{cells}; reader.next();) {
        Counts &mine = counts_of(reader.type());
        MinuteReader minutes = reader.minutes();
        std::int64_t total = 0;
        for (MinuteCount cell; minutes.next(cell);) {
            total = sum_of(total, cell.count);
            mine.add(cell.minute, cell.count);
        }
        if (total != reader.total()) throw Corrupt("bag holds a total that is not the sum of its minutes");
        if (has_seconds_) types.push_back(&mine);
    }
    if (has_seconds_) add_seconds(*seconds, types);
}

/* What the seconds count is taken off the minutes, mostly to nothing. */
void Bag::add_seconds(std::string_view packed, std::vector<Counts *> &types)
{
    const SecondsHead head{packed, packed.size()};
    for (const std::string_view type : head.types()) types.push_back(&counts_of(type));
    for (int minute = 0; minute < minutes_per_hour; ++minute) {
        const std::string_view part = packed.substr(head.part(minute), head.part(minute + 1) - head.part(minute));
        Counts *last = nullptr;
        std::int64_t sum = 0;
        read_part(part, types.size(), [&](std::size_t type, int second, std::int64_t count) {
            Counts *const mine = types[type];
            if (mine != last && last != nullptr) last->add(minute, difference_of(0, sum));
            sum = mine == last ? sum_of(sum, count) : count;
            last = mine;
            mine->seconds.add(minute * seconds_per_minute + second, count);
        });
        if (last != nullptr) last->add(minute, difference_of(0, sum));
    }
}

void Bag::add(const Bag &other)
{
    has_seconds_ = has_seconds_ && other.has_seconds_;
    for (const auto &[type, counts] : other.types_) {
        Counts &mine = counts_of(type);
        for (const MinuteCount &cell : counts.minutes) mine.add(cell.minute, cell.count);
        mine.seconds.add(counts.seconds);
    }
}

bool Bag::empty() const
{
    return std::all_of(types_.begin(), types_.end(), [](const auto &type) {
        const auto &[minutes, seconds] = type.second;
        return std::all_of(minutes.begin(), minutes.end(), [](const MinuteCount &cell) { return cell.count == 0; }) &&
               seconds.sorted().empty();
    });
}

bool Bag::has_minutes() const
{
    bool has = false;
    for_each_minute([&](std::string_view /*type*/, int /*minute*/, std::int64_t count,
                        std::span<const SecondCount> /*seconds*/) { has = has || count != 0; });
    return has;
}

/* Packs the minutes. Puts down the types as their seconds number them; known: how many the cells have. */
void Bag::pack_cells(std::string &cells, std::vector<TypeSeconds> *types, std::size_t *known) const
{
    cells.assign(1, version);
    std::vector<TypeSeconds> unknown;
    std::string part;
    for (const auto &[type, counts] : types_) {
        part.clear();
        std::int64_t total = 0;
        int before = 0;
        counts.for_each_minute([&](int minute, std::int64_t count, std::span<const SecondCount> /*seconds*/) {
            if (count == 0) return;
            total = sum_of(total, count);
            put(part, static_cast<std::uint64_t>(minute - before));
            put_signed(part, count);
            before = minute;
        });
        if (types != nullptr) (part.empty() ? unknown : *types).push_back({type, counts.seconds.sorted()});
        if (part.empty()) continue;
        put_text(cells, type);
        put_signed(cells, total);
        put_text(cells, part);
    }
    if (types == nullptr) return;
    *known = types->size();
    std::copy_if(unknown.begin(), unknown.end(), std::back_inserter(*types),
                 [](const TypeSeconds &type) { return !type.counts.empty(); });
}

void Bag::pack(PackedBag &packed) const
{
    std::vector<TypeSeconds> types;
    std::size_t known = 0;
    pack_cells(packed.cells, has_seconds_ ? &types : nullptr, &known);
    packed.has_seconds = has_seconds_ && pack_seconds(types, known, packed.seconds);
}

std::string Bag::pack() const
{
    std::string cells;
    pack_cells(cells, nullptr, nullptr);
    return cells;
}

} // namespace analytics::core
