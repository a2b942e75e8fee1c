#include "exact.hpp"

#include "error.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace analytics::core {
namespace {

constexpr std::int32_t base = 10'000;
constexpr std::int32_t highest_digit = 4'999;
constexpr std::int32_t lowest_digit = -5'000;

__extension__ using Wide = __int128;

constexpr int digits_per_place = 4;
constexpr std::int32_t highest_numeric_power = 32'767; // NUMERIC_WEIGHT_MAX
constexpr std::int32_t lowest_numeric_power =
    -16'384 / digits_per_place; // its last digit lies beyond NUMERIC_DSCALE_MAX, 16383

/* A limit for damaged bytes, so that no conversion takes long: far beyond any sum of storable numbers. */
constexpr std::int32_t highest_power = 40'000;
constexpr std::int32_t lowest_power = -5'000;

} // namespace

void ExactNumber::assign(const Decimal &decimal)
{
    places_.clear();
    std::size_t from = 0;
    for (std::size_t i = decimal.digits.size(); i > 0; --i) {
        const std::int32_t digit = decimal.digits[i - 1];
        from = add_at(from, decimal.weight - static_cast<std::int32_t>(i) + 1, decimal.negative ? -digit : digit);
    }
}

void ExactNumber::add(const ExactNumber &other)
{
    add(other, 1);
}

void ExactNumber::subtract(const ExactNumber &other)
{
    add(other, -1);
}

/* An event's number has few places, which are inserted one by one. Many are merged: each insertion would move all
 * that follow. */
void ExactNumber::add(const ExactNumber &other, std::int32_t sign)
{
    constexpr std::size_t few = 8;
    if (other.places_.size() > few) return add_many(other, sign);
    std::size_t from = 0;
    for (const Place &place : other.places_) from = add_at(from, place.power, sign * place.digit);
}

void ExactNumber::add_many(const ExactNumber &other, std::int32_t sign)
{
    std::vector<Place> sum;
    sum.reserve(places_.size() + other.places_.size() + 1);
    Place carry; // none while its digit is 0
    auto mine = places_.cbegin();
    auto others = other.places_.cbegin();
    while (mine != places_.cend() || others != other.places_.cend() || carry.digit != 0) {
        std::int32_t power = std::numeric_limits<std::int32_t>::max();
        if (mine != places_.cend()) power = mine->power;
        if (others != other.places_.cend()) power = std::min(power, others->power);
        if (carry.digit != 0) power = std::min(power, carry.power);

        std::int32_t digit = carry.digit != 0 && carry.power == power ? carry.digit : 0;
        if (mine != places_.cend() && mine->power == power) digit += (mine++)->digit;
        if (others != other.places_.cend() && others->power == power) digit += sign * (others++)->digit;
        carry = {power + 1, digit > highest_digit ? 1 : digit < lowest_digit ? -1 : 0};
        digit -= carry.digit * base;
        if (digit != 0) sum.push_back({power, digit});
    }
    places_ = std::move(sum);
}

/* Adds a digit, at most the base, at a power that is not below that of index from, and carries. Returns the index from
 * which to look for the next higher power. */
std::size_t ExactNumber::add_at(std::size_t from, std::int32_t power, std::int32_t digit)
{
    while (from < places_.size() && places_[from].power < power) ++from;
    std::size_t at = from;
    for (; digit != 0; ++power) {
        if (at == places_.size() || places_[at].power != power)
            places_.insert(places_.begin() + static_cast<std::ptrdiff_t>(at), Place{power, 0});
        std::int32_t sum = places_[at].digit + digit;
        digit = 0;
        if (sum > highest_digit) {
            sum -= base;
            digit = 1;
        } else if (sum < lowest_digit) {
            sum += base;
            digit = -1;
        }
        places_[at].digit = sum;
        if (sum == 0)
            places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(at));
        else
            ++at;
    }
    return from;
}

std::optional<std::int64_t> ExactNumber::to_int64() const noexcept
{
    constexpr std::int32_t highest = 4; // 10000^5 is beyond 64 bits
    if (places_.empty()) return 0;
    if (places_.front().power < 0 || places_.back().power > highest) return std::nullopt;
    Wide number = 0; // parts of it may exceed 64 bits
    std::int32_t power = places_.back().power;
    for (auto place = places_.rbegin(); power >= 0; --power) {
        number *= base;
        if (place != places_.rend() && place->power == power) number += (place++)->digit;
    }
    if (number < std::numeric_limits<std::int64_t>::min() || number > std::numeric_limits<std::int64_t>::max())
        return std::nullopt;
    return static_cast<std::int64_t>(number);
}

bool ExactNumber::fits_numeric() const noexcept
{
    if (places_.empty()) return true;
    const Place &lowest = places_.front();
    if (lowest.power < lowest_numeric_power || (lowest.power == lowest_numeric_power && lowest.digit % 10 != 0))
        return false;
    if (places_.back().power <= highest_numeric_power) return true;
    // 10000^32768 minus anything smaller has 32768 places.
    const bool is_carry = places_.back().power == highest_numeric_power + 1 && std::abs(places_.back().digit) == 1;
    const bool is_less = places_.size() > 1 && (places_[places_.size() - 2].digit < 0) != (places_.back().digit < 0);
    return is_carry && is_less;
}

void ExactNumber::to_decimal(Decimal &out) const
{
    out.digits.clear();
    out.weight = 0;
    out.scale = 0;
    out.negative = false;
    if (places_.empty()) return;

    // From the lowest place up, all digits brought to 0 … 9999 by borrowing from the next.
    const std::int32_t sign = places_.back().digit < 0 ? -1 : 1;
    const std::int32_t lowest = places_.front().power;
    out.digits.reserve(static_cast<std::size_t>(places_.back().power - lowest) + 1);
    std::int32_t borrowed = 0;
    std::int32_t power = lowest;
    for (const Place &place : places_) {
        for (; power < place.power; ++power)
            out.digits.push_back(static_cast<std::int16_t>(borrowed != 0 ? base - 1 : 0));
        std::int32_t digit = sign * place.digit - borrowed;
        borrowed = digit < 0 ? 1 : 0;
        if (digit < 0) digit += base;
        out.digits.push_back(static_cast<std::int16_t>(digit));
        ++power;
    }
    while (out.digits.back() == 0) {
        out.digits.pop_back();
        --power;
    }
    std::reverse(out.digits.begin(), out.digits.end());
    out.weight = power - 1;
    out.negative = sign < 0;
    if (lowest < 0) {
        out.scale = -lowest * digits_per_place;
        for (std::int16_t last = out.digits.back(); last % 10 == 0; last = static_cast<std::int16_t>(last / 10))
            --out.scale;
    }
}

void ExactNumber::pack(std::string &out) const
{
    packed::put(out, places_.size());
    std::int32_t next = 0;
    for (const Place &place : places_) {
        packed::put_signed(out, place.power - next);
        packed::put_signed(out, place.digit);
        next = place.power + 1;
    }
}

ExactNumber ExactNumber::unpack(packed::Rest &in)
{
    ExactNumber number;
    std::int64_t next = 0;
    for (std::uint64_t count = in.number(); count > 0; --count) {
        const std::int64_t step = in.signed_number();
        const std::int64_t digit = in.signed_number();
        const bool is_step = step >= (number.places_.empty() ? lowest_power : 0) && step <= highest_power - next;
        if (!is_step || digit == 0 || digit < lowest_digit || digit > highest_digit) throw Corrupt("number is damaged");
        number.places_.push_back({static_cast<std::int32_t>(next + step), static_cast<std::int32_t>(digit)});
        next += step + 1;
    }
    return number;
}

std::strong_ordering operator<=>(const ExactNumber &a, const ExactNumber &b) noexcept
{
    auto left = a.places_.rbegin();
    auto right = b.places_.rbegin();
    for (; left != a.places_.rend() && right != b.places_.rend() && *left == *right; ++left, ++right) {
    }
    const bool left_ends = left == a.places_.rend();
    const bool right_ends = right == b.places_.rend();
    if (left_ends && right_ends) return std::strong_ordering::equal;
    // A place that only one of the numbers has is compared with zero.
    if (right_ends || (!left_ends && left->power > right->power)) return left->digit <=> 0;
    if (left_ends || right->power > left->power) return 0 <=> right->digit;
    return left->digit <=> right->digit;
}

} // namespace analytics::core
