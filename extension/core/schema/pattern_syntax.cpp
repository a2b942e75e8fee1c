/* From JavaScript's syntax to RE2's, where the two write the same in two ways. Everything else stays as it is, for RE2
 * to judge. */
#include "../text/hex.hpp"
#include "pattern.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace analytics::core::schema {
namespace {

using Category = std::pair<std::string_view, std::string_view>;

/* Unicode's general categories (PropertyValueAliases.txt). */
constexpr std::array categories{
    Category{"Close_Punctuation", "Pe"},
    Category{"Connector_Punctuation", "Pc"},
    Category{"Control", "Cc"},
    Category{"Currency_Symbol", "Sc"},
    Category{"Dash_Punctuation", "Pd"},
    Category{"Decimal_Number", "Nd"},
    Category{"Enclosing_Mark", "Me"},
    Category{"Final_Punctuation", "Pf"},
    Category{"Format", "Cf"},
    Category{"Initial_Punctuation", "Pi"},
    Category{"Letter", "L"},
    Category{"Letter_Number", "Nl"},
    Category{"Line_Separator", "Zl"},
    Category{"Lowercase_Letter", "Ll"},
    Category{"Mark", "M"},
    Category{"Math_Symbol", "Sm"},
    Category{"Modifier_Letter", "Lm"},
    Category{"Modifier_Symbol", "Sk"},
    Category{"Nonspacing_Mark", "Mn"},
    Category{"Number", "N"},
    Category{"Open_Punctuation", "Ps"},
    Category{"Other_Letter", "Lo"},
    Category{"Other_Number", "No"},
    Category{"Other_Punctuation", "Po"},
    Category{"Other_Symbol", "So"},
    Category{"Paragraph_Separator", "Zp"},
    Category{"Punctuation", "P"},
    Category{"Separator", "Z"},
    Category{"Space_Separator", "Zs"},
    Category{"Spacing_Mark", "Mc"},
    Category{"Symbol", "S"},
    Category{"Titlecase_Letter", "Lt"},
    Category{"Uppercase_Letter", "Lu"},
};

constexpr std::size_t unicode_escape_size = 6; // \uXXXX

bool is_unicode_escape(std::string_view rest) noexcept
{
    if (rest.size() < unicode_escape_size || rest[1] != 'u') return false;
    const std::string_view digits = rest.substr(2, 4);
    return std::all_of(digits.begin(), digits.end(), [](char digit) { return hex_value(digit) >= 0; });
}

/** The category that \p{…} names by its long name; null for anything else. */
const Category *category_at(std::string_view rest) noexcept
{
    constexpr std::size_t head = 3;
    if (rest.size() < head || (rest[1] != 'p' && rest[1] != 'P') || rest[2] != '{') return nullptr;
    const std::size_t end = rest.find('}', head);
    if (end == std::string_view::npos) return nullptr;
    const std::string_view name = rest.substr(head, end - head);
    const auto *const found = std::find_if(categories.begin(), categories.end(),
                                           [name](const Category &category) { return category.first == name; });
    return found == categories.end() ? nullptr : found;
}

} // namespace

std::string to_re2(std::string_view pattern)
{
    std::string out;
    while (!pattern.empty()) {
        std::size_t taken = std::min<std::size_t>(pattern.front() == '\\' ? 2 : 1, pattern.size());
        if (pattern.front() == '\\' && is_unicode_escape(pattern)) {
            taken = unicode_escape_size;
            ((out += R"(\x{)") += pattern.substr(2, 4)) += '}';
        } else if (const Category *category = pattern.front() == '\\' ? category_at(pattern) : nullptr) {
            taken = category->first.size() + 4;
            ((out += pattern.substr(0, 3)) += category->second) += '}';
        } else {
            out += pattern.substr(0, taken);
        }
        pattern.remove_prefix(taken);
    }
    return out;
}

} // namespace analytics::core::schema
