#include "slots.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace analytics::core {

namespace {

template <class Word> std::uint64_t load(const char *at) noexcept
{
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

/** Mixes a name's length, beginning and end. Names that differ only in the middle collide, and probing keeps them
 * apart. */
std::size_t hash(std::string_view name) noexcept
{
    constexpr std::uint64_t odd = 0x9e37'79b9'7f4a'7c15; // 2^64 / golden ratio: spreads neighbours apart

    const char *begin = name.data();
    const char *end = begin + name.size();
    std::uint64_t head = 0;
    std::uint64_t tail = 0;
    if (name.size() >= 8) {
        head = load<std::uint64_t>(begin);
        tail = load<std::uint64_t>(end - 8);
    } else if (name.size() >= 4) {
        head = load<std::uint32_t>(begin);
        tail = load<std::uint32_t>(end - 4);
    } else if (!name.empty()) {
        head = load<std::uint8_t>(begin);
        tail = load<std::uint8_t>(end - 1) << 8 | load<std::uint8_t>(begin + name.size() / 2);
    }
    const std::uint64_t mixed = (head ^ (tail << 29 | tail >> 35) ^ name.size()) * odd;
    return mixed >> 32;
}

} // namespace

/** Where the name is, or where it would go. */
std::size_t SlotTable::place_of(std::string_view name) const noexcept
{
    const std::size_t mask = entries_.size() - 1;
    std::size_t place = hash(name) & mask;
    while (entries_[place].slot != none && entries_[place].name != name) place = (place + 1) & mask;
    return place;
}

void SlotTable::grow()
{
    constexpr std::size_t smallest = 64;
    std::vector<Entry> old(std::max(smallest, entries_.size() * 2));
    std::swap(old, entries_);
    for (const Entry &entry : old)
        if (entry.slot != none) entries_[place_of(entry.name)] = entry;
}

Slot SlotTable::add(std::string_view name)
{
    if (used_ * 4 >= entries_.size()) grow();
    Entry &entry = entries_[place_of(name)];
    if (entry.slot == none) entry = {name, static_cast<Slot>(used_++)};
    return entry.slot;
}

Slot SlotTable::find(std::string_view name) const noexcept
{
    return entries_.empty() ? none : entries_[place_of(name)].slot;
}

void Members::resize(std::size_t slots)
{
    bits_.resize((slots + slots_per_word - 1) / slots_per_word);
    nodes_.resize(slots);
}

void Members::clear() noexcept
{
    std::fill(bits_.begin(), bits_.end(), 0);
}

void Members::put(Slot slot, std::uint32_t node, bool is_null) noexcept
{
    std::uint64_t &word = bits_[slot / slots_per_word];
    word &= ~((present_bit | not_null_bit) << shift(slot));
    word |= (is_null ? present_bit : present_bit | not_null_bit) << shift(slot);
    nodes_[slot] = node;
}

} // namespace analytics::core
