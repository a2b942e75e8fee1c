/* Decimal numbers written out in full, in two ways that share nothing: from base-10000 digits, and by moving the point
 * of the number as written. Both write what PostgreSQL's numeric_out would. */
#pragma once

#include "../../../extension/core/number.hpp"

#include <string>
#include <string_view>

namespace analytics::core {

/** From the base-10000 digits. */
inline std::string decimal_text(const Decimal &decimal)
{
    const auto digits_at = [&decimal](int group_weight) { // four of them
        const int index = decimal.weight - group_weight;
        const bool is_given = index >= 0 && index < static_cast<int>(decimal.digits.size());
        const std::string text = std::to_string(is_given ? decimal.digits[static_cast<std::size_t>(index)] : 0);
        return std::string(4 - text.size(), '0') + text;
    };
    std::string out;
    for (int weight = decimal.weight > 0 ? decimal.weight : 0; weight >= 0; --weight) out += digits_at(weight);
    out.erase(0, std::min(out.find_first_not_of('0'), out.size() - 1));
    if (decimal.scale > 0) {
        std::string fraction;
        for (int weight = -1; static_cast<int>(fraction.size()) < decimal.scale; --weight)
            fraction += digits_at(weight);
        out += '.' + fraction.substr(0, static_cast<std::size_t>(decimal.scale));
    }
    return decimal.negative ? '-' + out : out;
}

/** By moving the point of a JSON number whose exponent is at most a few thousand. */
inline std::string written_out(std::string_view number)
{
    std::string sign;
    if (number.front() == '-') {
        sign = "-";
        number.remove_prefix(1);
    }
    std::string digits(number.substr(0, number.find_first_of("eE")));
    int exponent = digits.size() == number.size() ? 0 : std::stoi(std::string(number.substr(digits.size() + 1)));
    if (digits.find('.') == std::string::npos) digits += '.';
    for (; exponent > 0; --exponent) {
        const std::size_t point = digits.find('.');
        if (point + 1 == digits.size()) digits += '0';
        std::swap(digits[point], digits[point + 1]);
    }
    for (; exponent < 0; ++exponent) {
        if (digits.front() == '.') digits.insert(0, 1, '0');
        const std::size_t point = digits.find('.');
        std::swap(digits[point], digits[point - 1]);
    }
    if (digits.back() == '.') digits.pop_back();
    const std::size_t integer_size = std::min(digits.find('.'), digits.size());
    if (integer_size == 0) digits.insert(0, 1, '0');
    while (digits.size() > 1 && digits[0] == '0' && digits[1] != '.') digits.erase(0, 1);
    const bool is_zero = digits.find_first_not_of("0.") == std::string::npos;
    return is_zero ? digits : sign + digits;
}

} // namespace analytics::core
