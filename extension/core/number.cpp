#include "number.hpp"

#include "text/ascii.hpp"

#include <algorithm>
#include <limits>

namespace analytics::core {

namespace {

constexpr int digits_per_group = 4;          // base 10000
constexpr std::int64_t max_weight = 131'071; // power of ten of the first digit: int16 groups, NUMERIC_WEIGHT_MAX
constexpr std::int64_t max_scale = 16'383;   // NUMERIC_DSCALE_MAX
constexpr std::int64_t exponent_bound =
    std::numeric_limits<std::int32_t>::max() / 2; // refused itself, with either sign

/** Saturates at exponent_bound. */
std::int64_t exponent_of(std::string_view text) noexcept
{
    const bool negative = text.front() == '-';
    if (!is_digit(text.front())) text.remove_prefix(1);
    std::int64_t exponent = 0;
    for (const char digit : text) {
        exponent = exponent * 10 + (digit - '0');
        if (exponent >= exponent_bound) {
            exponent = exponent_bound;
            break;
        }
    }
    return negative ? -exponent : exponent;
}

} // namespace

NumberParts parts_of(std::string_view number) noexcept
{
    NumberParts parts;
    parts.negative = number.front() == '-';
    if (parts.negative) number.remove_prefix(1);

    const std::size_t mantissa_size = std::min(number.find_first_of("eE"), number.size());
    std::int64_t exponent = 0;
    if (mantissa_size != number.size()) {
        exponent = exponent_of(number.substr(mantissa_size + 1));
        parts.exponent_fits = exponent < exponent_bound && exponent > -exponent_bound;
    }

    const std::string_view mantissa = number.substr(0, mantissa_size);
    const std::size_t integer_size = std::min(mantissa.find('.'), mantissa_size);
    const auto fraction_size = static_cast<std::int64_t>(mantissa_size - std::min(integer_size + 1, mantissa_size));
    parts.scale = std::max<std::int64_t>(fraction_size - exponent, 0);

    const std::size_t first = mantissa.find_first_not_of("0.");
    if (first == std::string_view::npos) return parts;
    parts.mantissa = mantissa.substr(first);
    const auto point = static_cast<std::int64_t>(integer_size);
    const auto place = static_cast<std::int64_t>(first);
    parts.weight = exponent + (place < point ? point - place - 1 : point - place);
    return parts;
}

bool fits_numeric(std::string_view number) noexcept
{
    const auto is_exponent = [](char byte) { return byte == 'e' || byte == 'E'; };
    if (number.size() <= max_scale && std::none_of(number.begin(), number.end(), is_exponent)) return true;
    const NumberParts parts = parts_of(number);
    return parts.exponent_fits && parts.scale <= max_scale && parts.weight <= max_weight;
}

void to_decimal(std::string_view number, Decimal &out)
{
    const NumberParts parts = parts_of(number);
    out.digits.clear();
    out.weight = 0;
    out.scale = static_cast<int>(parts.scale);
    out.negative = false;
    if (parts.mantissa.empty()) return;

    // Group i holds the powers of ten 4i to 4i+3, also for negative i.
    const auto weight = static_cast<int>(parts.weight);
    const int group_weight =
        weight >= 0 ? weight / digits_per_group : -((-weight + digits_per_group - 1) / digits_per_group);
    int places_left = weight - group_weight * digits_per_group + 1; // in the group being filled
    int group = 0;
    for (const char byte : parts.mantissa) {
        if (byte == '.') continue;
        group = group * 10 + (byte - '0');
        if (--places_left > 0) continue;
        out.digits.push_back(static_cast<std::int16_t>(group));
        group = 0;
        places_left = digits_per_group;
    }
    if (places_left < digits_per_group) {
        for (; places_left > 0; --places_left) group *= 10;
        out.digits.push_back(static_cast<std::int16_t>(group));
    }
    while (out.digits.back() == 0) out.digits.pop_back();
    out.weight = group_weight;
    out.negative = parts.negative;
}

} // namespace analytics::core
