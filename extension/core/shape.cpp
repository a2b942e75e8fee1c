#include "shape.hpp"

#include <algorithm>

namespace analytics::core {

namespace {

void set_bits(std::vector<std::uint64_t> &words, Slot slot, std::uint64_t bits)
{
    const std::size_t word = slot / Members::slots_per_word;
    if (words.size() <= word) words.resize(word + 1);
    words[word] |= bits << Members::shift(slot);
}

void set_all(std::vector<std::uint64_t> &words, SlotTable &slots, const std::vector<std::string> &names,
             std::uint64_t bits)
{
    for (const std::string &name : names) set_bits(words, slots.add(name), bits);
}

Place place_of(const MemberPath &path, SlotTable &slots)
{
    return path.empty() ? Place{} : Place(path, slots);
}

Recipe compile(const Shape &shape, SlotTable &slots)
{
    constexpr std::uint64_t given = Members::present_bit | Members::not_null_bit;

    Recipe recipe;
    recipe.shape = &shape;
    set_all(recipe.must, slots, shape.required, Members::present_bit);
    set_all(recipe.must, slots, shape.not_null, given);
    set_all(recipe.must_not, slots, shape.null_or_absent, Members::not_null_bit);
    set_all(recipe.must_not, slots, shape.absent, Members::present_bit);
    for (const Condition &condition : shape.conditions) {
        set_bits(recipe.must, slots.add(condition.member.tokens.front()), given);
        recipe.comparisons.emplace_back(condition, slots);
    }
    recipe.event_type = place_of(shape.event_type_member, slots);
    recipe.source = place_of(shape.source_member, slots);
    recipe.tenant = place_of(shape.tenant_member, slots);
    recipe.time = place_of(shape.time_member, slots);
    recipe.payload = place_of(shape.payload_member, slots);
    recipe.version = place_of(shape.version_member, slots);
    for (const MemberPath &path : shape.key_members) recipe.key.push_back(place_of(path, slots));
    return recipe;
}

/** A recipe may have fewer words than the members: it has no rule about later slots. */
bool has_members(const Recipe &recipe, std::span<const std::uint64_t> bits) noexcept
{
    const auto has_all = [](std::uint64_t wanted, std::uint64_t has) { return (wanted & has) == wanted; };
    const auto has_none = [](std::uint64_t unwanted, std::uint64_t has) { return (unwanted & has) == 0; };
    return std::equal(recipe.must.begin(), recipe.must.end(), bits.begin(), has_all) &&
           std::equal(recipe.must_not.begin(), recipe.must_not.end(), bits.begin(), has_none);
}

bool fits(const Recipe &recipe, const Document &document, const Members &members)
{
    return has_members(recipe, members.bits()) &&
           std::all_of(recipe.comparisons.begin(), recipe.comparisons.end(),
                       [&](const Comparison &comparison) { return comparison.holds(document, members); });
}

} // namespace

Recognizer::Recognizer(const Shapes &shapes, std::span<const std::string_view> own_names)
{
    for (const std::string_view name : own_names) slots_.add(name);
    recipes_.reserve(shapes.size());
    for (const Shape &shape : shapes) recipes_.push_back(compile(shape, slots_));
    members_.resize(slots_.size());
}

const Members &Recognizer::look_at(const Document &document, std::uint32_t object) noexcept
{
    members_.clear();
    const Node *const tape = &document[0]; // one array in document order
    const std::uint32_t end = tape[object].end;
    for (std::uint32_t name = object + 1; name < end; name = tape[name + 1].end) {
        const Slot slot = slots_.find(tape[name].view());
        if (slot != SlotTable::none) members_.put(slot, name + 1, tape[name + 1].kind == Kind::null);
    }
    return members_;
}

const Recipe *Recognizer::match(const Document &document) const
{
    const auto found = std::find_if(recipes_.begin(), recipes_.end(),
                                    [&](const Recipe &recipe) { return fits(recipe, document, members_); });
    return found == recipes_.end() ? nullptr : &*found;
}

} // namespace analytics::core
