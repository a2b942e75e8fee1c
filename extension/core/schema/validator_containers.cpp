/* Arrays and objects.
 *
 * An object's members are walked once, and those with a slot are noted there: of duplicates the last. That is enough
 * for nearly all keywords. Only who must see each member, whatever its name, gets the sorted list of jsonb. */
#include "validator.hpp"

#include "limits.hpp"

#include <algorithm>
#include <bit>

namespace analytics::core::schema {

bool Validator::judge_array(const Subschema &subschema, const Place &place)
{
    const ArrayRules &rules = *subschema.arrays;
    const Node &array = *place.value;
    if (array.size < rules.size.least) return fail(subschema, "minItems", place);
    if (array.size > rules.size.most) return fail(subschema, "maxItems", place);
    if (rules.unique && array.size > 1 && comparer_.has_duplicates(place.value))
        return fail(subschema, "uniqueItems", place);
    return judge_elements(rules, place) && judge_contained(subschema, place);
}

bool Validator::judge_elements(const ArrayRules &rules, const Place &place)
{
    std::uint32_t position = 0;
    const Value &array = place.value;
    for (const Node *child = array.first(); child < array.end(); child = array.behind(child), ++position) {
        const bool is_prefix = position < rules.prefix.size();
        if (!is_prefix && rules.items == no_id) break;
        const Id id = is_prefix ? rules.prefix[position] : rules.items;
        const Place element{.value = array.child(child), .parent = &place, .position = position};
        if (!holds(id, element, is_prefix ? "prefixItems" : "items")) return false;
    }
    return true;
}

bool Validator::judge_contained(const Subschema &subschema, const Place &place)
{
    const ArrayRules &rules = *subschema.arrays;
    if (rules.contains == no_id) return true;
    const std::uint32_t least = rules.least_contained.value_or(1);
    const Value &array = place.value;
    std::uint32_t count = 0;
    {
        const Quiet quiet(*this);
        for (const Node *child = array.first(); child < array.end(); child = array.behind(child)) {
            if (budget_.is_exhausted()) return false;
            if (holds(rules.contains, {.value = array.child(child), .parent = &place}, "")) ++count;
            if (count > rules.most_contained || (count >= least && rules.most_contained == Range::unlimited)) break;
        }
    }
    if (count < least) return fail(subschema, rules.least_contained ? "minContains" : "contains", place);
    return count <= rules.most_contained || fail(subschema, "maxContains", place);
}

bool Validator::judge_object(const Subschema &subschema, const Place &place)
{
    const Walk found = walk(*subschema.objects, place);
    const bool result = judge_walked(subschema, place, found);
    slots_.resize(found.first_slot);
    return result;
}

Validator::Walk Validator::walk(const ObjectRules &rules, const Place &place)
{
    Walk walk{.first_slot = slots_.size(), .has_unnamed = false};
    slots_.resize(slots_.size() + rules.names.size(), nullptr);
    const auto put = [&](std::string_view name, const Node *value) {
        const Slot slot = rules.names.find(name);
        if (slot == SlotTable::none)
            walk.has_unnamed = true;
        else
            slots_[walk.first_slot + slot] = value;
    };
    const Value &object = place.value;
    if (!budget_.spend(std::size_t{object->size} + rules.names.size())) return walk;
    for (const Node *name = object.first(); name < object.end(); name = object.behind(name + 1))
        put(name->view(), name + 1);
    for (const Member &member : added_.of(object)) put(member.name, member.value);
    return walk;
}

bool Validator::judge_walked(const Subschema &subschema, const Place &place, const Walk &walk)
{
    const ObjectRules &rules = *subschema.objects;
    for (const auto &required : rules.required)
        if (member_at(walk, required.slot) == nullptr) return fail("required", place, required.name);
    for (const auto &dependent : rules.dependent_required)
        if (member_at(walk, dependent.slot) != nullptr)
            for (const auto &required : dependent.required)
                if (member_at(walk, required.slot) == nullptr) return fail("dependentRequired", place, required.name);
    if (!judge_size(subschema, place, walk)) return false;
    for (const auto &property : rules.properties) {
        const Node *const value = member_at(walk, property.slot);
        if (value == nullptr) continue;
        const Place member{.value = place.value.child(value), .parent = &place, .name = property.name};
        if (!holds(property.schema, member, "properties")) return false;
    }
    if (!judge_each(subschema, place, walk)) return false;
    return std::all_of(rules.dependent_schemas.begin(), rules.dependent_schemas.end(), [&](const auto &dependent) {
        return member_at(walk, dependent.slot) == nullptr || holds(dependent.schema, place, "dependentSchemas");
    });
}

/* Members as they stand are at least as many as those that are stored, and those with a slot at most. */
bool Validator::judge_size(const Subschema &subschema, const Place &place, const Walk &walk)
{
    const ObjectRules &rules = *subschema.objects;
    const auto first = slots_.begin() + static_cast<std::ptrdiff_t>(walk.first_slot);
    const auto most = place.value->size + added_.of(place.value).size();
    if (rules.size.least == 0 && most <= rules.size.most) return true;
    auto count =
        static_cast<std::size_t>(std::count_if(first, slots_.end(), [](auto *node) { return node != nullptr; }));
    if (walk.has_unnamed && (count < rules.size.least || most > rules.size.most)) {
        const std::size_t first_member = push_members(place);
        count = members_.size() - first_member;
        members_.resize(first_member);
    }
    if (count < rules.size.least) return fail(subschema, "minProperties", place);
    return count <= rules.size.most || fail(subschema, "maxProperties", place);
}

std::size_t Validator::push_members(const Place &place)
{
    const std::size_t first = members_.size();
    const std::uint32_t size = place.value->size;
    if (!budget_.spend(std::size_t{size} * static_cast<std::size_t>(std::bit_width(size)))) return first;
    append_members(place.value, added_, members_);
    return first;
}

/** patternProperties, additionalProperties, propertyNames. */
bool Validator::judge_each(const Subschema &subschema, const Place &place, const Walk &walk)
{
    const ObjectRules &rules = *subschema.objects;
    if (rules.pattern_properties.empty() && rules.property_names == no_id) {
        if (rules.additional == no_id) return true;
        const auto others = slots_.begin() + static_cast<std::ptrdiff_t>(walk.first_slot + rules.property_slots);
        const bool has_others = std::any_of(others, slots_.end(), [](auto *node) { return node != nullptr; });
        if (!walk.has_unnamed && !has_others) return true;
    }
    const std::size_t first = push_members(place);
    const std::size_t end = members_.size();
    bool result = true;
    for (std::size_t i = first; result && i < end; ++i) {
        const Member member = members_[i]; // the stack moves below
        result = judge_member(subschema, place, member);
    }
    members_.resize(first);
    return result;
}

bool Validator::judge_member(const Subschema &subschema, const Place &place, const Member &member)
{
    const ObjectRules &rules = *subschema.objects;
    const Place here{.value = place.value.child(member.value), .parent = &place, .name = member.name};
    if (rules.property_names != no_id && !judge_name(rules.property_names, member.name))
        return fail(subschema, "propertyNames", here);
    bool is_known = rules.names.find(member.name) < rules.property_slots;
    for (const auto &property : rules.pattern_properties) {
        if (!matches(property.pattern, member.name)) continue;
        is_known = true;
        if (!holds(property.schema, here, "patternProperties")) return false;
    }
    return is_known || rules.additional == no_id || holds(rules.additional, here, "additionalProperties");
}

bool Validator::judge_name(Id id, std::string_view name)
{
    const Quiet quiet(*this);
    const Node node{.text = name.data(), .size = static_cast<std::uint32_t>(name.size()), .kind = Kind::string};
    return holds(id, {.value = {nullptr, &node}}, "");
}

} // namespace analytics::core::schema
