#include "condition.hpp"

#include "error.hpp"
#include "text/quotes.hpp"

#include <algorithm>
#include <optional>

namespace analytics::core {

namespace {

/** Nothing for a number that numeric can't hold. */
std::optional<ExactNumber> number_of(std::string_view digits)
{
    if (!fits_numeric(digits)) return std::nullopt;
    Decimal decimal;
    to_decimal(digits, decimal);
    return ExactNumber(decimal);
}

bool has_text(Kind kind) noexcept
{
    return kind == Kind::string || kind == Kind::number;
}

Scalar scalar_of(const Node &node)
{
    if (has_text(node.kind)) return {node.kind, std::string(node.view())};
    if (node.kind == Kind::boolean_false || node.kind == Kind::boolean_true) return {node.kind};
    throw Error("a condition's value is not a string, number or boolean");
}

std::string text_of(const Scalar &scalar)
{
    switch (scalar.kind) {
    case Kind::string:
        return in_quotes(scalar.text);
    case Kind::number:
        return scalar.text;
    default:
        return scalar.kind == Kind::boolean_true ? "true" : "false";
    }
}

Condition condition_of(const Document &document, std::uint32_t name)
{
    const std::uint32_t values = name + 1;
    if (document[values].kind != Kind::array || document[values].size == 0) throw Error("a condition has no values");
    Condition condition{MemberPath(std::string(document[name].view())), {}};
    for (std::uint32_t value = values + 1; value < document[values].end; value = document[value].end)
        condition.values.push_back(scalar_of(document[value]));
    return condition;
}

} // namespace

Conditions read_conditions(std::string_view json)
{
    Document document;
    if (document.read(json, {.max_bytes = json.size()}) || document[0].kind != Kind::object)
        throw Error("conditions are not an object");
    Conditions conditions;
    for (std::uint32_t name = 1; name < document.size(); name = document[name + 1].end)
        conditions.push_back(condition_of(document, name));
    return conditions;
}

Comparison::Comparison(const Condition &condition, SlotTable &slots)
    : member_(&condition.member.text), place_(condition.member, slots)
{
    for (const Scalar &scalar : condition.values) {
        Wanted &wanted = values_.emplace_back(Wanted{&scalar});
        if (scalar.kind == Kind::number) wanted.number = number_of(scalar.text).value_or(ExactNumber{});
    }
}

bool Comparison::holds(const Document &document, const Members &members) const
{
    const std::optional<std::uint32_t> node = place_.find(document, members);
    return node && std::any_of(values_.begin(), values_.end(),
                               [&](const Wanted &wanted) { return equals(wanted, document[*node]); });
}

Lack Comparison::lack() const
{
    std::string what = values_.size() == 1 ? "must be " : "must be one of ";
    for (const Wanted &wanted : values_)
        what.append(&wanted == &values_.front() ? "" : ", ").append(text_of(*wanted.scalar));
    return {*member_, what};
}

bool Comparison::equals(const Wanted &wanted, const Node &node)
{
    if (node.kind != wanted.scalar->kind) return false;
    if (!has_text(node.kind) || node.view() == wanted.scalar->text) return true;
    return node.kind == Kind::number && number_of(node.view()) == wanted.number;
}

} // namespace analytics::core
