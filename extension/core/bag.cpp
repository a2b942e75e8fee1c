#include "bag.hpp"

#include "count.hpp"
#include "error.hpp"
#include "packed.hpp"

#include <algorithm>

namespace analytics::core {
namespace {

constexpr char version = 1;
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

Bag::Minutes &Bag::minutes_of(std::string_view type)
{
    const auto found = types_.lower_bound(type);
    if (found != types_.end() && found->first == type) return found->second;
    return types_.emplace_hint(found, type, Minutes{})->second;
}

bool Bag::add(Minutes &minutes, int minute, std::int64_t count)
{
    if (minutes.empty() || minutes.back().minute < minute) {
        minutes.push_back({minute, count});
        return true;
    }
    auto found = minutes.end() - 1;
    if (found->minute != minute)
        found = std::lower_bound(minutes.begin(), minutes.end(), minute,
                                 [](const MinuteCount &cell, int wanted) { return cell.minute < wanted; });
    if (found->minute != minute) {
        minutes.insert(found, {minute, count});
        return true;
    }
    found->count = sum_of(found->count, count);
    return false;
}

bool Bag::add(std::string_view type, int minute, std::int64_t count)
{
    return add(minutes_of(type), minute, count);
}

void Bag::add(std::string_view packed)
{
    for (BagReader reader{packed}; reader.next();) {
        Minutes &mine = minutes_of(reader.type());
        MinuteReader minutes = reader.minutes();
        std::int64_t total = 0;
        for (MinuteCount cell; minutes.next(cell);) {
            total = sum_of(total, cell.count);
            add(mine, cell.minute, cell.count);
        }
        if (total != reader.total()) throw Corrupt("bag holds a total that is not the sum of its minutes");
    }
}

void Bag::add(const Bag &other)
{
    for (const auto &[type, minutes] : other.types_) {
        Minutes &mine = minutes_of(type);
        for (const MinuteCount &cell : minutes) add(mine, cell.minute, cell.count);
    }
}

bool Bag::empty() const noexcept
{
    return std::all_of(types_.begin(), types_.end(), [](const auto &type) {
        return std::all_of(type.second.begin(), type.second.end(),
                           [](const MinuteCount &cell) { return cell.count == 0; });
    });
}

std::string Bag::pack() const
{
    std::string packed(1, version);
    std::string part;
    for (const auto &[type, minutes] : types_) {
        part.clear();
        std::int64_t total = 0;
        int before = 0;
        for (const MinuteCount &cell : minutes) {
            if (cell.count == 0) continue;
            total = sum_of(total, cell.count);
            put(part, static_cast<std::uint64_t>(cell.minute - before));
            put_signed(part, cell.count);
            before = cell.minute;
        }
        if (part.empty()) continue;
        put_text(packed, type);
        put_signed(packed, total);
        put_text(packed, part);
    }
    return packed;
}

} // namespace analytics::core
