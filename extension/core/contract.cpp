#include "contract.hpp"

#include "error.hpp"
#include "member_path.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>
#include <variant>

namespace analytics::core {
namespace {

schema::Schema compile(std::string_view json)
{
    auto result = schema::compile(json);
    if (const auto *const fault = std::get_if<schema::SchemaFault>(&result))
        throw Corrupt("schema of analytics_contracts is refused: " + fault->text());
    return std::get<schema::Schema>(std::move(result));
}

constexpr std::array modes{std::pair<ContractMode, std::string_view>{ContractMode::accept, "accept"},
                           std::pair<ContractMode, std::string_view>{ContractMode::observe, "observe"},
                           std::pair<ContractMode, std::string_view>{ContractMode::enforce, "enforce"},
                           std::pair<ContractMode, std::string_view>{ContractMode::refuse, "refuse"}};

} // namespace

std::string_view name(ContractMode mode) noexcept
{
    return modes.at(static_cast<std::size_t>(mode)).second;
}

std::optional<ContractMode> contract_mode_named(std::string_view wanted) noexcept
{
    for (const auto &[mode, mode_name] : modes)
        if (mode_name == wanted) return mode;
    return std::nullopt;
}

ContractSchema::ContractSchema(std::string_view json) : compiled_(compile(json))
{
    for (const schema::Subschema &subschema : compiled_.subschemas)
        if (subschema.objects != nullptr)
            for (const auto &property : subschema.objects->properties) names_.add(property.name);
}

std::string ContractSchema::general_pointer(std::string_view pointer) const
{
    const std::vector<std::string> tokens = MemberPath(std::string(pointer)).tokens;
    std::string general;
    for (std::size_t i = 0; i < tokens.size() && i <= most_tokens; ++i) {
        const bool is_named = i < most_tokens && names_.find(tokens[i]) != SlotTable::none;
        schema::append_token(general, is_named ? tokens[i] : "*");
    }
    return general;
}

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

std::string because(const Violation &violation)
{
    const std::string version = "version " + std::to_string(violation.version);
    if (violation.contract == nullptr)
        return "no contract registers " + (violation.is_of_registered_type ? version : "the event type");
    if (violation.contract->mode != ContractMode::refuse) return {};
    const Instant since = violation.contract->valid_from;
    return since == min_instant ? version + " is over" : (version + " is over since ").append(iso8601(since).view());
}

Refusal violation(const schema::Finding &finding)
{
    return {Reason::contract_violation, std::string("\"")
                                            .append(finding.pointer)
                                            .append("\" ")
                                            .append(finding.keyword)
                                            .append(": expected ")
                                            .append(finding.expected)};
}

} // namespace analytics::core
