#include "bag.hpp"

#include "error.hpp"

#include <algorithm>

namespace analytics::core {
namespace {

constexpr char version = 1;
constexpr unsigned bits_per_byte = 7;
constexpr unsigned low_bits = 0x7F;
constexpr unsigned more = 0x80;

void put(std::string &bytes, std::uint64_t value)
{
    for (; value > low_bits; value >>= bits_per_byte) bytes.push_back(static_cast<char>((value & low_bits) | more));
    bytes.push_back(static_cast<char>(value));
}

/* Small counts of either sign in few bits: 0, -1, 1, -2 … */
void put_signed(std::string &bytes, std::int64_t value)
{
    put(bytes, (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63));
}

std::uint64_t take(const char *&at, const char *end)
{
    std::uint64_t value = 0;
    for (unsigned shift = 0; at != end; shift += bits_per_byte) {
        const auto byte = static_cast<unsigned char>(*at++);
        const std::uint64_t part = byte & low_bits;
        if (shift >= 64 || (part << shift) >> shift != part) throw Corrupt("bag holds a number beyond 64 bits");
        value |= part << shift;
        if ((byte & more) == 0) return value;
    }
    throw Corrupt("bag ends within a number");
}

std::int64_t take_signed(const char *&at, const char *end)
{
    const std::uint64_t value = take(at, end);
    return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1U));
}

std::string_view take_bytes(const char *&at, const char *end)
{
    const std::uint64_t size = take(at, end);
    if (size > static_cast<std::uint64_t>(end - at)) throw Corrupt("bag ends within a type");
    const char *const begin = at;
    at += size;
    return {begin, static_cast<std::size_t>(size)};
}

std::int64_t sum_of(std::int64_t a, std::int64_t b)
{
    std::int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) throw Error("count of events beyond 64 bits");
    return sum;
}

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
    const std::string_view type = take_bytes(at_, end_);
    if (!first_ && type <= type_) throw Corrupt("bag holds types out of order");
    first_ = false;
    type_ = type;
    total_ = take_signed(at_, end_);
    minutes_ = take_bytes(at_, end_).data();
    if (minutes_ == at_) throw Corrupt("bag holds a type without minutes");
    return true;
}

std::int64_t BagReader::sum(int from, int to) const
{
    if (from <= 0 && to >= minutes_per_hour) return total_;
    std::int64_t sum = 0;
    MinuteReader reader = minutes();
    for (MinuteCount cell; reader.next(cell) && cell.minute < to;)
        if (cell.minute >= from) sum = sum_of(sum, cell.count);
    return sum;
}

Bag::Minutes &Bag::minutes_of(std::string_view type)
{
    const auto found = types_.lower_bound(type);
    if (found != types_.end() && found->first == type) return found->second;
    return types_.emplace_hint(found, type, Minutes{})->second;
}

void Bag::add(Minutes &minutes, int minute, std::int64_t count)
{
    if (minutes.empty() || minutes.back().minute < minute) {
        minutes.push_back({minute, count});
        return;
    }
    auto found = minutes.end() - 1;
    if (found->minute != minute)
        found = std::lower_bound(minutes.begin(), minutes.end(), minute,
                                 [](const MinuteCount &cell, int wanted) { return cell.minute < wanted; });
    if (found->minute == minute)
        found->count = sum_of(found->count, count);
    else
        minutes.insert(found, {minute, count});
}

void Bag::add(std::string_view type, int minute, std::int64_t count)
{
    add(minutes_of(type), minute, count);
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
        if (total != reader.total()) throw Corrupt("bag holds a total that is not its minutes'");
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
        put(packed, type.size());
        packed += type;
        put_signed(packed, total);
        put(packed, part.size());
        packed += part;
    }
    return packed;
}

} // namespace analytics::core
