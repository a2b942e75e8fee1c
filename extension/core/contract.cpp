#include "contract.hpp"

#include "text/utf8.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace analytics::core {
namespace {

/** The text as it suits a log line. */
std::string cut(std::string_view text)
{
    constexpr std::size_t longest = 120;
    std::size_t end = std::min(text.size(), longest);
    while (end < text.size() && end > 0 && continues_character(text[end])) --end;
    std::string shown(text.substr(0, end));
    return end < text.size() ? shown + "..." : shown;
}

} // namespace

void Contracts::fill(std::vector<Contract> contracts)
{
    contracts_ = std::move(contracts);
    std::sort(contracts_.begin(), contracts_.end(), [](const Contract &a, const Contract &b) {
        return std::tie(a.event_type, a.version) < std::tie(b.event_type, b.version);
    });
    for (auto first = contracts_.begin(); first != contracts_.end();) {
        const auto last = std::find_if(first, contracts_.end(),
                                       [&](const Contract &other) { return other.event_type != first->event_type; });
        types_.add(first->event_type);
        of_type_.emplace_back(first, last);
        first = last;
    }
}

std::span<const Contract> Contracts::of_type(std::string_view event_type) const noexcept
{
    const Slot slot = types_.find(event_type);
    return slot == SlotTable::none ? std::span<const Contract>{} : of_type_[slot];
}

Refusal violation(const Finding &finding)
{
    return {Reason::contract_violation,
            "\"" + cut(finding.pointer) + "\" " + finding.keyword + ": expected " + cut(finding.expected)};
}

} // namespace analytics::core
