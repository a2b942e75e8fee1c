/* The keywords that are supported, and how each is compiled. The table is the only list of them. */
#include "compiler.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace analytics::core::schema {
namespace {

constexpr std::string_view dialect = "https://json-schema.org/draft/2020-12/schema";

/** The rules, which are made when the first of their keywords is met. */
template <class Rules> Rules &made(std::unique_ptr<Rules> &rules)
{
    if (rules == nullptr) rules = std::make_unique<Rules>();
    return *rules;
}

void take_count(Compiler &compiler, const KeywordValue &value, std::uint32_t &count)
{
    if (const auto given = compiler.count(value)) count = *given;
}

Types type_named(std::string_view name) noexcept
{
    constexpr std::array types{
        std::pair<std::string_view, Types>{"null", type_of(Kind::null)},
        std::pair<std::string_view, Types>{"boolean", type_of(Kind::boolean_false)},
        std::pair<std::string_view, Types>{"number", type_of(Kind::number)},
        std::pair<std::string_view, Types>{"integer", integer_type},
        std::pair<std::string_view, Types>{"string", type_of(Kind::string)},
        std::pair<std::string_view, Types>{"array", type_of(Kind::array)},
        std::pair<std::string_view, Types>{"object", type_of(Kind::object)},
    };
    const auto *const found =
        std::find_if(types.begin(), types.end(), [name](auto &type) { return type.first == name; });
    return found == types.end() ? Types{0} : found->second;
}

void take_type(Compiler &compiler, Subschema &subschema, const KeywordValue &value)
{
    const bool is_one = compiler[value.at].kind == Kind::string;
    const auto names = is_one ? std::vector{compiler[value.at].view()} : compiler.names(value, value.at);
    Types types = 0;
    for (const std::string_view name : names) {
        const Types type = type_named(name);
        if (type == 0) return compiler.refuse(value, "must be a type, or an array of types");
        types = static_cast<Types>(types | type);
    }
    if (types == 0) compiler.refuse(value, "must be a type, or an array of types");
    subschema.types = types;
}

void take_properties(Compiler &compiler, Subschema &subschema, const KeywordValue &value)
{
    ObjectRules &rules = made(subschema.objects);
    for (const Member &member : compiler.members(value)) {
        const Slot slot = rules.names.add(member.name);
        rules.properties.push_back({slot, member.name, compiler.subschema(value, compiler.node_of(member))});
    }
    rules.property_slots = static_cast<Slot>(rules.names.size());
}

std::vector<ObjectRules::Required> required_of(Compiler &compiler, ObjectRules &rules, const KeywordValue &value,
                                               std::uint32_t array)
{
    std::vector<ObjectRules::Required> all;
    for (const std::string_view name : compiler.names(value, array)) all.push_back({rules.names.add(name), name});
    return all;
}

void take_dependent_required(Compiler &compiler, Subschema &subschema, const KeywordValue &value)
{
    ObjectRules &rules = made(subschema.objects);
    for (const Member &member : compiler.members(value)) {
        const Slot slot = rules.names.add(member.name);
        rules.dependent_required.push_back({slot, required_of(compiler, rules, value, compiler.node_of(member))});
    }
}

void take_dependent_schemas(Compiler &compiler, Subschema &subschema, const KeywordValue &value)
{
    ObjectRules &rules = made(subschema.objects);
    for (const Member &member : compiler.members(value)) {
        const Slot slot = rules.names.add(member.name);
        rules.dependent_schemas.push_back({slot, {}, compiler.subschema(value, compiler.node_of(member))});
    }
}

void take_pattern_properties(Compiler &compiler, Subschema &subschema, const KeywordValue &value)
{
    ObjectRules &rules = made(subschema.objects);
    for (const Member &member : compiler.members(value)) {
        const std::uint32_t at = compiler.node_of(member);
        rules.pattern_properties.push_back(
            {compiler.pattern({value.keyword, at}, member.name), compiler.subschema(value, at)});
    }
}

void take_multiple_of(Compiler &compiler, Subschema &subschema, const KeywordValue &value)
{
    const auto number = compiler.number(value);
    if (!number) return;
    made(subschema.numbers).multiple_of = number->to_divisor();
    if (!subschema.numbers->multiple_of)
        compiler.refuse(value, "must be greater than 0, and have at most 18 significant digits");
}

void take_dialect(Compiler &compiler, Subschema & /*subschema*/, const KeywordValue &value)
{
    if (compiler[value.at].kind != Kind::string || compiler[value.at].view() != dialect)
        compiler.refuse(value, "must be \"" + std::string(dialect) + '"');
}

void take_definitions(Compiler &compiler, Subschema & /*subschema*/, const KeywordValue &value)
{
    for (const Member &member : compiler.members(value)) compiler.subschema(value, compiler.node_of(member));
}

/* The shorter of them, in the table itself. */
using C = Compiler;
using S = Subschema;
using V = KeywordValue;

/** An annotation: its type is checked, and it says nothing. */
template <Kind kind> void annotation(C &c, S & /*s*/, const V &v)
{
    if constexpr (kind == Kind::string) c.expect(v, type_of(kind), "must be a string");
    if constexpr (kind == Kind::array) c.expect(v, type_of(kind), "must be an array");
    if constexpr (kind == Kind::boolean_true) c.expect(v, type_of(kind), "must be true or false");
}

template <std::optional<Number> NumberRules::*limit> void number_limit(C &c, S &s, const V &v)
{
    made(s.numbers).*limit = c.number(v);
}

constexpr std::array keywords{
    Keyword{"$schema", take_dialect},
    Keyword{"$defs", take_definitions},
    Keyword{"$ref", [](C &c, S &s, const V &v) { made(s.applicators).reference = c.reference(v); }},

    Keyword{"type", take_type},
    Keyword{"const", [](C &c, S &s, const V &v) { s.constant = c.constants({v.at}); }},
    Keyword{"enum",
            [](C &c, S &s, const V &v) {
                if (c.expect(v, type_of(Kind::array), "must be an array")) s.choices = c.constants(c.elements(v.at));
            }},

    Keyword{"minimum", number_limit<&NumberRules::minimum>},
    Keyword{"exclusiveMinimum", number_limit<&NumberRules::exclusive_minimum>},
    Keyword{"maximum", number_limit<&NumberRules::maximum>},
    Keyword{"exclusiveMaximum", number_limit<&NumberRules::exclusive_maximum>},
    Keyword{"multipleOf", take_multiple_of},

    Keyword{"minLength", [](C &c, S &s, const V &v) { take_count(c, v, made(s.strings).length.least); }},
    Keyword{"maxLength", [](C &c, S &s, const V &v) { take_count(c, v, made(s.strings).length.most); }},
    Keyword{"pattern",
            [](C &c, S &s, const V &v) {
                if (c.expect(v, type_of(Kind::string), "must be a string"))
                    made(s.strings).pattern = c.pattern(v, c[v.at].view());
            }},

    Keyword{"minItems", [](C &c, S &s, const V &v) { take_count(c, v, made(s.arrays).size.least); }},
    Keyword{"maxItems", [](C &c, S &s, const V &v) { take_count(c, v, made(s.arrays).size.most); }},
    Keyword{"uniqueItems",
            [](C &c, S &s, const V &v) {
                c.expect(v, type_of(Kind::boolean_true), "must be true or false");
                made(s.arrays).unique = c[v.at].kind == Kind::boolean_true;
            }},
    Keyword{"prefixItems", [](C &c, S &s, const V &v) { made(s.arrays).prefix = c.subschemas(v); }},
    Keyword{"items", [](C &c, S &s, const V &v) { made(s.arrays).items = c.subschema(v); }},
    Keyword{"contains", [](C &c, S &s, const V &v) { made(s.arrays).contains = c.subschema(v); }},
    Keyword{"minContains", [](C &c, S &s, const V &v) { made(s.arrays).least_contained = c.count(v); }},
    Keyword{"maxContains", [](C &c, S &s, const V &v) { take_count(c, v, made(s.arrays).most_contained); }},

    Keyword{"properties", take_properties},
    Keyword{"required",
            [](C &c, S &s, const V &v) {
                ObjectRules &rules = made(s.objects);
                rules.required = required_of(c, rules, v, v.at);
            }},
    Keyword{"minProperties", [](C &c, S &s, const V &v) { take_count(c, v, made(s.objects).size.least); }},
    Keyword{"maxProperties", [](C &c, S &s, const V &v) { take_count(c, v, made(s.objects).size.most); }},
    Keyword{"dependentRequired", take_dependent_required},
    Keyword{"dependentSchemas", take_dependent_schemas},
    Keyword{"patternProperties", take_pattern_properties},
    Keyword{"additionalProperties",
            [](C &c, S &s, const V &v) {
                // "true" is what holds anyway, and would make the validator look at each member.
                if (c[v.at].kind != Kind::boolean_true) made(s.objects).additional = c.subschema(v);
            }},
    Keyword{"propertyNames", [](C &c, S &s, const V &v) { made(s.objects).property_names = c.subschema(v); }},

    Keyword{"allOf", [](C &c, S &s, const V &v) { made(s.applicators).all = c.subschemas(v); }},
    Keyword{"anyOf", [](C &c, S &s, const V &v) { made(s.applicators).any = c.subschemas(v); }},
    Keyword{"oneOf", [](C &c, S &s, const V &v) { made(s.applicators).one = c.subschemas(v); }},
    Keyword{"not", [](C &c, S &s, const V &v) { made(s.applicators).negated = c.subschema(v); }},
    Keyword{"if", [](C &c, S &s, const V &v) { made(s.applicators).condition = c.subschema(v); }},
    Keyword{"then", [](C &c, S &s, const V &v) { made(s.applicators).consequence = c.subschema(v); }},
    Keyword{"else", [](C &c, S &s, const V &v) { made(s.applicators).alternative = c.subschema(v); }},

    Keyword{"$comment", annotation<Kind::string>},
    Keyword{"title", annotation<Kind::string>},
    Keyword{"description", annotation<Kind::string>},
    Keyword{"format", annotation<Kind::string>},
    Keyword{"contentEncoding", annotation<Kind::string>},
    Keyword{"contentMediaType", annotation<Kind::string>},
    Keyword{"contentSchema", annotation<Kind::null>},
    Keyword{"default", annotation<Kind::null>},
    Keyword{"examples", annotation<Kind::array>},
    Keyword{"deprecated", annotation<Kind::boolean_true>},
    Keyword{"readOnly", annotation<Kind::boolean_true>},
    Keyword{"writeOnly", annotation<Kind::boolean_true>},
};

} // namespace

const Keyword *keyword_named(std::string_view name) noexcept
{
    const auto *const found =
        std::find_if(keywords.begin(), keywords.end(), [name](const Keyword &keyword) { return keyword.name == name; });
    return found == keywords.end() ? nullptr : found;
}

std::span<const Keyword> all_keywords() noexcept
{
    return keywords;
}

} // namespace analytics::core::schema
