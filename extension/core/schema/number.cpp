#include "number.hpp"

#include "../number.hpp"
#include "../text/ascii.hpp"
#include "limits.hpp"

#include <algorithm>
#include <limits>

namespace analytics::core::schema {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::size_t most_small_digits = 18;                  // of a number that 64 bits surely hold
constexpr std::uint64_t chunk_limit = 100'000'000'000'000'000; // one more digit fits 10^18

std::optional<std::int64_t> small_of(std::string_view text) noexcept
{
    const bool negative = text.front() == '-';
    if (negative) text.remove_prefix(1);
    if (text.size() > most_small_digits) return std::nullopt;
    std::int64_t value = 0;
    for (const char digit : text) {
        if (!is_digit(digit)) return std::nullopt;
        value = value * 10 + (digit - '0');
    }
    return negative ? -value : value;
}

std::uint64_t power_of_ten(std::uint64_t exponent, std::uint64_t modulus) noexcept
{
    Wide result = 1 % modulus;
    Wide square = 10 % modulus;
    for (; exponent > 0; exponent /= 2) {
        if (exponent % 2 == 1) result = result * square % modulus;
        square = square * square % modulus;
    }
    return static_cast<std::uint64_t>(result);
}

} // namespace

/** The significant digits: those from the first to the last that is not zero. */
struct Number::Digits {
    std::string_view text; // may hold the point; empty for zero
    std::int64_t weight;   // power of ten of the first
    bool negative;         // never for zero

    explicit Digits(std::string_view number) noexcept
    {
        const NumberParts parts = parts_of(number);
        const std::size_t last = parts.mantissa.find_last_not_of("0.");
        text = last == std::string_view::npos ? std::string_view() : parts.mantissa.substr(0, last + 1);
        weight = text.empty() ? 0 : parts.weight;
        negative = parts.negative && !text.empty();
    }

    /** Power of ten of the last digit. */
    [[nodiscard]] std::int64_t power() const noexcept
    {
        const auto point = static_cast<std::size_t>(std::count(text.begin(), text.end(), '.'));
        return weight - static_cast<std::int64_t>(text.size() - point) + 1;
    }

    [[nodiscard]] int sign() const noexcept { return text.empty() ? 0 : negative ? -1 : 1; }

    [[nodiscard]] std::uint64_t remainder(std::uint64_t divisor) const noexcept
    {
        std::uint64_t rest = 0;
        std::uint64_t chunk = 0;
        std::uint64_t scale = 1;
        const auto take = [&] {
            rest = static_cast<std::uint64_t>((static_cast<Wide>(rest) * scale + chunk) % divisor);
            chunk = 0;
            scale = 1;
        };
        for (const char digit : text) {
            if (digit == '.') continue;
            chunk = chunk * 10 + static_cast<std::uint64_t>(digit - '0');
            scale *= 10;
            if (scale > chunk_limit) take();
        }
        take();
        return rest;
    }
};

namespace {

/** Compares digits that begin at the same power. The one that ends first is smaller, for no last digit is a zero. */
std::strong_ordering compare_digits(std::string_view a, std::string_view b) noexcept
{
    for (;;) {
        if (a.starts_with('.')) a.remove_prefix(1);
        if (b.starts_with('.')) b.remove_prefix(1);
        if (a.empty() || b.empty()) return a.size() <=> b.size();
        if (a.front() != b.front()) return a.front() <=> b.front();
        a.remove_prefix(1);
        b.remove_prefix(1);
    }
}

} // namespace

Number::Number(std::string_view text) noexcept : text_(text), small_(small_of(text))
{
}

bool Number::is_integer() const noexcept
{
    if (small_) return true;
    const Digits digits(text_);
    return digits.text.empty() || digits.power() >= 0;
}

bool Number::is_multiple_of(const Divisor &divisor) const noexcept
{
    const Digits digits(text_);
    if (digits.text.empty()) return true;
    // Were the power negative, ten would divide digits that don't end with a zero.
    const std::int64_t power = digits.power() - divisor.power;
    if (power < 0) return false;
    const Wide rest = digits.remainder(divisor.digits);
    return rest * power_of_ten(static_cast<std::uint64_t>(power), divisor.digits) % divisor.digits == 0;
}

std::uint64_t Number::hash() const noexcept
{
    constexpr std::uint64_t odd = 0x9e37'79b9'7f4a'7c15; // 2^64 / golden ratio
    const Digits digits(text_);
    std::uint64_t hash = static_cast<std::uint64_t>(digits.weight) + (digits.negative ? 1U << 31U : 0U);
    for (const char digit : digits.text)
        if (digit != '.') hash = (hash + static_cast<std::uint64_t>(digit)) * odd;
    return hash ^ hash >> 32U;
}

std::optional<Divisor> Number::to_divisor() const noexcept
{
    const Digits digits(text_);
    if (digits.sign() <= 0) return std::nullopt;
    Divisor divisor{0, digits.power()};
    std::size_t count = 0;
    for (const char digit : digits.text) {
        if (digit == '.') continue;
        if (++count > most_divisor_digits) return std::nullopt;
        divisor.digits = divisor.digits * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    return divisor;
}

std::optional<std::uint32_t> Number::to_count() const noexcept
{
    constexpr std::int64_t largest = std::numeric_limits<std::uint32_t>::max();
    if (small_ && *small_ >= 0) return static_cast<std::uint32_t>(std::min(*small_, largest));
    const Digits digits(text_);
    if (digits.negative || !is_integer()) return std::nullopt;
    if (digits.weight > std::numeric_limits<std::uint32_t>::digits10) return std::numeric_limits<std::uint32_t>::max();
    std::int64_t count = 0;
    for (const char digit : digits.text)
        if (digit != '.') count = count * 10 + (digit - '0');
    for (std::int64_t power = digits.text.empty() ? 0 : digits.power(); power > 0; --power) count *= 10;
    return static_cast<std::uint32_t>(std::min(count, largest));
}

std::strong_ordering operator<=>(const Number &a, const Number &b) noexcept
{
    if (a.small_ && b.small_) return *a.small_ <=> *b.small_;
    const Number::Digits left(a.text_);
    const Number::Digits right(b.text_);
    if (left.sign() != right.sign() || left.sign() == 0) return left.sign() <=> right.sign();
    std::strong_ordering order = left.weight <=> right.weight;
    if (std::is_eq(order)) order = compare_digits(left.text, right.text);
    if (!left.negative || std::is_eq(order)) return order;
    return std::is_lt(order) ? std::strong_ordering::greater : std::strong_ordering::less;
}

} // namespace analytics::core::schema
