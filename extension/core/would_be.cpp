#include "would_be.hpp"

#include "error.hpp"
#include "schema/condition_text.hpp"
#include "text/printable.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace analytics::core {
namespace {

using schema::quoted_name;

/** "a, b and c". */
std::string listed(const std::vector<std::string> &items)
{
    std::string text;
    for (const std::string &item : items) {
        if (&item != &items.front()) text += &item == &items.back() ? " and " : ", ";
        text += item;
    }
    return text;
}

/** "must be a string" becomes "`name` were a string". */
std::string condition_of(const Lack &lack)
{
    constexpr std::array verbs{std::pair<std::string_view, std::string_view>{"must be ", " were "},
                               std::pair<std::string_view, std::string_view>{"must not be ", " were not "}};
    for (const auto &[demand, verb] : verbs)
        if (lack.what.starts_with(demand))
            return quoted_name(lack.member).append(verb).append(printable(lack.what.substr(demand.size())));
    throw Error("a lack says neither what must be nor what must not be");
}

std::string condition_of(std::span<const Lack> lacks)
{
    std::vector<std::string> names;
    std::vector<std::string> conditions;
    for (const Lack &lack : lacks) {
        if (lack.what == "is required")
            names.push_back(quoted_name(lack.member));
        else
            conditions.push_back(condition_of(lack));
    }
    if (!names.empty()) conditions.insert(conditions.begin(), "it had " + listed(names));
    return listed(conditions);
}

/** A record's own value, as in "must be at most 1 day ahead, and is 3 days ahead", is left out. */
std::vector<Lack> lacks_of(const Refusal &refusal)
{
    if (refusal.member_size == 0) return {};
    Lack lack{refusal.detail.substr(0, refusal.member_size),
              refusal.detail.substr(refusal.member_size + std::string_view(": ").size())};
    if (refusal.reason == Reason::implausible_time)
        lack.what.resize(std::min(lack.what.size(), lack.what.find(", and is ")));
    return {std::move(lack)};
}

std::string sentence(const std::string &what, const std::string &condition)
{
    return schema::shortened("would be " + what + " if " + condition, longest_sentence);
}

std::string would_be(const Violation &violation, std::string_view event_type)
{
    std::string what = violation.is_of_registered_type ? quoted_name(event_type) : "an event";
    if (violation.contract != nullptr && violation.contract->mode == ContractMode::enforce)
        what += " v" + std::to_string(violation.version);
    return sentence(what, schema::condition_text(violation.finding));
}

} // namespace

std::optional<std::size_t> closest(std::span<const Considered> considered) noexcept
{
    const auto least =
        std::min_element(considered.begin(), considered.end(),
                         [](const Considered &a, const Considered &b) { return a.lacks.size() < b.lacks.size(); });
    if (least == considered.end()) return std::nullopt;
    return static_cast<std::size_t>(least - considered.begin());
}

std::string would_be(const Verdict &verdict, std::span<const Considered> considered)
{
    const Reason reason = verdict.refusal.reason;
    if (reason == Reason::contract_violation && verdict.violation)
        return would_be(*verdict.violation, verdict.event_type);
    const std::optional<std::size_t> nearest = closest(considered);
    if (reason == Reason::none || !nearest) return {};
    const Considered &shape = considered[*nearest];
    const std::vector<Lack> lacks = reason == Reason::unknown_shape ? shape.lacks : lacks_of(verdict.refusal);
    if (lacks.empty()) return {};
    const bool is_canonical = nearest == 0U;
    const std::string what = !shape.event_type.empty() ? quoted_name(shape.event_type)
                             : is_canonical            ? "an event"
                                                       : "an event of the shape " + quoted_name(shape.shape);
    return sentence(what, condition_of(lacks));
}

} // namespace analytics::core
