#include "contract.hpp"

#include "error.hpp"
#include "member_path.hpp"

#include <algorithm>
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

} // namespace

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
