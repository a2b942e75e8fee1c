#include "condition_text.hpp"

#include "../member_path.hpp"
#include "../text/printable.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace analytics::core::schema {
namespace {

/* subject + verb + expected + unit. A unit of one thing has no s. */
struct Phrase {
    std::string_view keyword, verb, unit{}, rest{};
};

constexpr std::array phrases{
    Phrase{"const", "were"},
    Phrase{"enum", "were one of"},
    Phrase{"minimum", "were at least"},
    Phrase{"exclusiveMinimum", "were more than"},
    Phrase{"maximum", "were at most"},
    Phrase{"exclusiveMaximum", "were less than"},
    Phrase{"multipleOf", "were a multiple of"},
    Phrase{"minLength", "had at least", "character"},
    Phrase{"maxLength", "had at most", "character"},
    Phrase{"pattern", "matched the pattern"},
    Phrase{"minItems", "had at least", "element"},
    Phrase{"maxItems", "had at most", "element"},
    Phrase{"contains", "had an element that fits"},
    Phrase{"minContains", "had at least", "element", " of the kind that it must contain"},
    Phrase{"maxContains", "had at most", "element", " of the kind that it must contain"},
    Phrase{"minProperties", "had at least", "member"},
    Phrase{"maxProperties", "had at most", "member"},
    Phrase{"propertyNames", "had a name that fits"},
    Phrase{"anyOf", "fitted one of"},
    Phrase{"oneOf", "fitted exactly one of"},
    Phrase{"not", "did not fit"},
    Phrase{"budget", "took", "", " to judge"},
    // Of a contract rather than of its schema.
    Phrase{"version", "had"},
    Phrase{"eventType", "had"},
};

constexpr std::array types{
    std::pair<std::string_view, std::string_view>{"null", "null"},
    std::pair<std::string_view, std::string_view>{"boolean", "a boolean"},
    std::pair<std::string_view, std::string_view>{"number", "a number"},
    std::pair<std::string_view, std::string_view>{"integer", "an integer"},
    std::pair<std::string_view, std::string_view>{"string", "a string"},
    std::pair<std::string_view, std::string_view>{"array", "an array"},
    std::pair<std::string_view, std::string_view>{"object", "an object"},
};

/** Of one type's name, or of a JSON array of them. */
std::string types_text(std::string_view expected)
{
    std::string text;
    for (const auto &[type, words] : types) {
        const bool is_named = expected == type || expected.find('"' + std::string(type) + '"') != std::string::npos;
        if (is_named) text.append(text.empty() ? "" : " or ").append(words);
    }
    return text;
}

/** The member's name where the pointer has one token, else the pointer. */
std::string subject_of(const std::string &pointer)
{
    if (pointer.empty()) return "it";
    const MemberPath path(pointer);
    return quoted_name(path.tokens.size() == 1 ? path.tokens.front() : pointer);
}

std::string text_of(const Phrase &phrase, const Finding &finding)
{
    std::string text = std::string(phrase.verb) + ' ' + printable(finding.expected);
    if (!phrase.unit.empty()) text.append(" ").append(phrase.unit).append(finding.expected == "1" ? "" : "s");
    return text.append(phrase.rest);
}

std::string predicate_of(const Finding &finding)
{
    if (finding.keyword == "type") return "were " + types_text(finding.expected);
    if (finding.keyword == "uniqueItems") return "had no element twice";
    if (finding.keyword == "required" || finding.keyword == "dependentRequired")
        return "had " + quoted_name(finding.expected);
    const auto *const phrase =
        std::find_if(phrases.begin(), phrases.end(), [&](const Phrase &one) { return one.keyword == finding.keyword; });
    if (phrase != phrases.end()) return text_of(*phrase, finding);
    return "were absent"; // the schema "false", which each applicator can have
}

} // namespace

std::string quoted_name(std::string_view name)
{
    constexpr std::size_t longest = 100;
    std::string text = printable(shortened(std::string(name), longest));
    std::replace(text.begin(), text.end(), '`', '\'');
    return '`' + text + '`';
}

std::string condition_text(const Finding &finding)
{
    const std::string predicate = predicate_of(finding);
    if (finding.pointer.empty() && predicate == "were absent") return "its contract let any payload through";
    return subject_of(finding.pointer) + ' ' + predicate;
}

} // namespace analytics::core::schema
