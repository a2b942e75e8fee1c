#include "contract.hpp"

#include "error.hpp"

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

/** A token of a JSON Pointer as the name that it stands for. */
std::string unescaped(std::string_view token)
{
    std::string name;
    for (std::size_t at = 0; at < token.size(); ++at) {
        const bool is_escape = token[at] == '~' && at + 1 < token.size();
        name += !is_escape ? token[at] : token[++at] == '1' ? '/' : '~';
    }
    return name;
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
    std::string general;
    std::size_t tokens = 0;
    for (std::size_t at = 0; at < pointer.size() && tokens <= most_tokens; ++tokens) {
        const std::size_t end = std::min(pointer.find('/', at + 1), pointer.size());
        const std::string_view token = pointer.substr(at + 1, end - at - 1);
        const bool is_named = tokens < most_tokens && names_.find(unescaped(token)) != SlotTable::none;
        general.append("/").append(is_named ? token : "*");
        at = end;
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
