#include "validator.hpp"

#include "../error.hpp"
#include "../member_path.hpp"
#include "../text/utf8.hpp"
#include "limits.hpp"

#include <algorithm>
#include <utility>

namespace analytics::core::schema {

std::optional<Finding> Validator::check(const Schema &schema, const Document &document, std::uint32_t payload,
                                        std::span<const AddedMember> added)
{
    if (added.size() > most_added_members) throw Error("too many members are added to a payload");
    const Node *const tape = &document[0];
    schema_ = &schema;
    for (std::size_t i = 0; i < added.size(); ++i) {
        added_nodes_[i] = {.text = added[i].bytes, .size = added[i].size, .kind = added[i].kind};
        added_members_[i] = {added[i].name, &added_nodes_[i]};
    }
    added_ = {tape + payload, std::span(added_members_).first(added.size())};
    budget_.begin(tape[payload].end - payload);
    slots_.clear();
    members_.clear();
    quiet_ = 0;
    finding_.reset();

    const bool result = holds(0, {.value = {tape, tape + payload}}, "false");
    if (budget_.is_exhausted()) return Finding{"", "budget", "at most " + std::to_string(budget_.allowed()) + " steps"};
    if (result) return std::nullopt;
    return std::move(finding_);
}

bool Validator::holds(Id id, const Place &place, std::string_view applicator)
{
    const Subschema &subschema = schema_->subschemas[id];
    if (subschema.never) return fail(applicator, place, "false");
    const Budget::Level level(budget_);
    if (!budget_.spend(1)) return false;
    return judge(subschema, place);
}

bool Validator::judge(const Subschema &subschema, const Place &place)
{
    const Value &value = place.value;
    if ((type_of(value->kind) & subschema.types) == 0) {
        const bool is_integer = value->kind == Kind::number && (subschema.types & integer_type) != 0 &&
                                budget_.spend_bytes(value->size) && Number(value->view()).is_integer();
        if (!is_integer) return fail(subschema, "type", place);
    }
    if (subschema.constant != nullptr && !is_among(*subschema.constant, value)) return fail(subschema, "const", place);
    if (subschema.choices != nullptr && !is_among(*subschema.choices, value)) return fail(subschema, "enum", place);

    bool result = true;
    if (value->kind == Kind::string && subschema.strings != nullptr)
        result = judge_string(subschema, place);
    else if (value->kind == Kind::number && subschema.numbers != nullptr)
        result = judge_number(subschema, place);
    else if (value->kind == Kind::array && subschema.arrays != nullptr)
        result = judge_array(subschema, place);
    else if (value->kind == Kind::object && subschema.objects != nullptr)
        result = judge_object(subschema, place);
    return result && (subschema.applicators == nullptr || judge_applicators(subschema, place));
}

bool Validator::is_among(const Constants &constants, const Value &value)
{
    if ((constants.kinds & type_of(value->kind)) == 0) return false;
    const std::uint64_t hash = comparer_.hash(value);
    const auto first = std::lower_bound(constants.entries.begin(), constants.entries.end(), hash,
                                        [](const Constants::Entry &entry, std::uint64_t h) { return entry.hash < h; });
    const Node *const tape = &(*schema_->document)[0];
    for (auto entry = first; entry != constants.entries.end() && entry->hash == hash; ++entry)
        if (comparer_.equal(value, {tape, entry->node})) return true;
    return false;
}

bool Validator::judge_number(const Subschema &subschema, const Place &place)
{
    const NumberRules &rules = *subschema.numbers;
    constexpr std::size_t steps_a_number = 10; // that is not small, for all of the rules
    const Number number(place.value->view());
    if (!budget_.spend(number.is_small() ? 1 : steps_a_number + place.value->size / 2)) return false;
    if (rules.minimum && number < *rules.minimum) return fail(subschema, "minimum", place);
    if (rules.exclusive_minimum && number <= *rules.exclusive_minimum)
        return fail(subschema, "exclusiveMinimum", place);
    if (rules.maximum && number > *rules.maximum) return fail(subschema, "maximum", place);
    if (rules.exclusive_maximum && number >= *rules.exclusive_maximum)
        return fail(subschema, "exclusiveMaximum", place);
    if (rules.multiple_of && !number.is_multiple_of(*rules.multiple_of)) return fail(subschema, "multipleOf", place);
    return true;
}

bool Validator::judge_string(const Subschema &subschema, const Place &place)
{
    constexpr std::size_t longest_character = 4; // bytes
    const StringRules &rules = *subschema.strings;
    const std::string_view text = place.value->view();
    // Bytes tell for most texts; only for the others are characters counted.
    if (text.size() < rules.length.least) return fail(subschema, "minLength", place);
    if (text.size() > rules.length.most || text.size() / longest_character < rules.length.least) {
        if (!budget_.spend_bytes(text.size())) return false;
        const std::size_t characters = count_characters(text);
        if (characters < rules.length.least) return fail(subschema, "minLength", place);
        if (characters > rules.length.most) return fail(subschema, "maxLength", place);
    }
    return rules.pattern == no_id || matches(rules.pattern, text) || fail(subschema, "pattern", place);
}

bool Validator::matches(Id pattern, std::string_view text)
{
    const Pattern &expression = schema_->patterns[pattern];
    return budget_.spend(expression.steps(text)) && expression.matches(text);
}

/** How many of the subschemas hold; no more are asked when there are enough. */
std::size_t Validator::count_holding(std::span<const Id> ids, const Place &place, std::size_t enough)
{
    const Quiet quiet(*this);
    std::size_t count = 0;
    for (const Id id : ids)
        if (holds(id, place, "") && ++count == enough) break;
    return count;
}

bool Validator::judge_applicators(const Subschema &subschema, const Place &place)
{
    const Applicators &rules = *subschema.applicators;
    if (rules.reference != no_id && !holds(rules.reference, place, "$ref")) return false;
    for (const Id id : rules.all)
        if (!holds(id, place, "allOf")) return false;
    if (!rules.any.empty() && count_holding(rules.any, place, 1) == 0) return fail(subschema, "anyOf", place);
    if (!rules.one.empty() && count_holding(rules.one, place, 2) != 1) return fail(subschema, "oneOf", place);
    if (rules.negated != no_id && count_holding({&rules.negated, 1}, place, 1) != 0)
        return fail(subschema, "not", place);
    if (rules.condition == no_id || (rules.consequence == no_id && rules.alternative == no_id)) return true;
    if (count_holding({&rules.condition, 1}, place, 1) != 0)
        return rules.consequence == no_id || holds(rules.consequence, place, "then");
    return rules.alternative == no_id || holds(rules.alternative, place, "else");
}

bool Validator::fail(const Subschema &subschema, std::string_view keyword, const Place &place)
{
    if (quiet_ > 0 || finding_ || budget_.is_exhausted()) return false;
    const Document &document = *schema_->document;
    const Node *const value = &document[member_of(document, subschema.at, keyword).value_or(subschema.at)];
    const bool is_plain = value->kind == Kind::string && (keyword == "type" || keyword == "pattern");
    return fail(keyword, place,
                is_plain ? std::string(value->view()) : json_text({&document[0], value}, longest_expected));
}

bool Validator::fail(std::string_view keyword, const Place &place, std::string_view expected)
{
    if (quiet_ == 0 && !finding_ && !budget_.is_exhausted())
        finding_ = Finding{pointer_of(place), keyword, shortened(storable(expected), longest_expected)};
    return false;
}

std::string Validator::pointer_of(const Place &place)
{
    std::vector<const Place *> steps;
    for (const Place *at = &place; at->parent != nullptr; at = at->parent) steps.push_back(at);
    std::string pointer;
    for (auto step = steps.rbegin(); step != steps.rend() && pointer.size() <= longest_pointer; ++step) {
        const bool is_member = (*step)->parent->value->kind == Kind::object;
        append_token(pointer, is_member ? (*step)->name : std::to_string((*step)->position));
    }
    return shortened(std::move(pointer), longest_pointer);
}

} // namespace analytics::core::schema
