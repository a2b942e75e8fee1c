#include "comparer.hpp"

#include "number.hpp"

#include <algorithm>
#include <bit>
#include <functional>

namespace analytics::core::schema {
namespace {

std::uint64_t mixed(std::uint64_t hash, std::uint64_t more) noexcept
{
    constexpr std::uint64_t odd = 0x9e37'79b9'7f4a'7c15; // 2^64 / golden ratio
    hash = (hash ^ more) * odd;
    return hash ^ hash >> 32U;
}

std::uint64_t hash_of(std::string_view text) noexcept
{
    return std::hash<std::string_view>{}(text);
}

} // namespace

std::size_t Comparer::push_members(const Value &object)
{
    const std::size_t first = members_.size();
    budget_.spend(std::size_t{object->size} * static_cast<std::size_t>(std::bit_width(object->size)));
    if (budget_.is_exhausted()) return first;
    append_members(object, added_, members_);
    return first;
}

std::uint64_t Comparer::hash(const Value &value)
{
    const Budget::Level level(budget_);
    if (!budget_.spend_bytes(value->text != nullptr ? value->size : 0)) return 0;
    const auto kind = static_cast<std::uint64_t>(value->kind);
    switch (value->kind) {
    case Kind::number:
        return mixed(kind, Number(value->view()).hash());
    case Kind::string:
        return mixed(kind, hash_of(value->view()));
    case Kind::array: {
        std::uint64_t result = kind;
        for (const Node *child = value.first(); child < value.end(); child = value.behind(child))
            result = mixed(result, hash(value.child(child)));
        return result;
    }
    case Kind::object: {
        std::uint64_t result = kind;
        const std::size_t first = push_members(value);
        for (std::size_t i = first; i < members_.size(); ++i) {
            const Member member = members_[i]; // the stack moves below
            result = mixed(mixed(result, hash_of(member.name)), hash(value.child(member.value)));
        }
        members_.resize(first);
        return result;
    }
    default:
        return mixed(kind, 0);
    }
}

bool Comparer::equal(const Value &a, const Value &b)
{
    if (a->kind != b->kind) return false;
    const Budget::Level level(budget_);
    if (!budget_.spend_bytes(a->text != nullptr ? a->size : 0)) return false;
    switch (a->kind) {
    case Kind::number:
        return Number(a->view()) == Number(b->view());
    case Kind::string:
        return a->view() == b->view();
    case Kind::array:
        return equal_arrays(a, b);
    case Kind::object:
        return equal_objects(a, b);
    default:
        return true;
    }
}

bool Comparer::equal_arrays(const Value &a, const Value &b)
{
    if (a->size != b->size) return false;
    const Node *other = b.first();
    for (const Node *child = a.first(); child < a.end(); child = a.behind(child), other = b.behind(other))
        if (!equal(a.child(child), b.child(other))) return false;
    return true;
}

bool Comparer::equal_objects(const Value &a, const Value &b)
{
    const std::size_t first = push_members(a);
    const std::size_t second = push_members(b);
    const std::size_t count = second - first;
    bool result = members_.size() - second == count;
    for (std::size_t i = 0; result && i < count; ++i) {
        const Member mine = members_[first + i]; // the stack moves below
        const Member other = members_[second + i];
        result = mine.name == other.name && equal(a.child(mine.value), b.child(other.value));
    }
    members_.resize(first);
    return result;
}

/* Equal elements have equal hashes, so only neighbours in the order of hashes are compared. Who makes unequal elements
 * with equal hashes pays in steps. */
bool Comparer::has_duplicates(const Value &array)
{
    if (!budget_.spend(std::size_t{array->size} * static_cast<std::size_t>(std::bit_width(array->size)))) return true;
    elements_.clear();
    for (const Node *child = array.first(); child < array.end(); child = array.behind(child))
        elements_.push_back({hash(array.child(child)), child});
    std::sort(elements_.begin(), elements_.end(), [](const Hashed &a, const Hashed &b) { return a.hash < b.hash; });
    for (auto a = elements_.cbegin(); a != elements_.cend(); ++a)
        for (auto b = a + 1; b != elements_.cend() && b->hash == a->hash; ++b)
            if (budget_.is_exhausted() || equal(array.child(a->node), array.child(b->node))) return true;
    return false;
}

} // namespace analytics::core::schema
