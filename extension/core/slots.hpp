/* Slots: numbers for the names that matter. A SlotTable gives a slot to every name that a rule needs. An object is
 * walked once, and Members keeps two bits per slot: "present" and "not null". Then a rule about members is a
 * comparison of a few words of bits, however many members the object has.
 *
 * Surprising: after the start, rules consist of slots, not of names. A name without a slot costs one look-up in a small
 * hash table. No record changes that table, so no record can make it slow. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace analytics::core {

using Slot = std::uint32_t;

/** Names and their slots: 0, 1, 2 … in the order in which they were added. Does not own the names. */
class SlotTable {
public:
    static constexpr Slot none = ~Slot{0};

    /** The name's slot; a new one when it has none. */
    Slot add(std::string_view name);
    Slot find(std::string_view name) const noexcept;
    std::size_t size() const noexcept { return used_; }

private:
    struct Entry {
        std::string_view name;
        Slot slot = none;
    };

    void grow();
    std::size_t place_of(std::string_view name) const noexcept;

    std::vector<Entry> entries_; // open addressing; a power of two, at most a quarter full, so most misses end at once
    std::size_t used_ = 0;
};

/** The members of one object that have a slot: of duplicates the last. */
class Members {
public:
    void resize(std::size_t slots);
    void clear() noexcept;
    void put(Slot slot, std::uint32_t node, bool is_null) noexcept;

    bool present(Slot slot) const noexcept { return (bits_[slot / slots_per_word] >> shift(slot) & present_bit) != 0; }
    bool not_null(Slot slot) const noexcept
    {
        return (bits_[slot / slots_per_word] >> shift(slot) & not_null_bit) != 0;
    }

    /** The node of the member's value; requires present. */
    std::uint32_t node(Slot slot) const noexcept { return nodes_[slot]; }

    /** Two bits a slot; the same layout as Recipe's. */
    std::span<const std::uint64_t> bits() const noexcept { return bits_; }

    static constexpr std::uint64_t present_bit = 1;
    static constexpr std::uint64_t not_null_bit = 2;
    static constexpr Slot slots_per_word = 32;
    static constexpr unsigned shift(Slot slot) noexcept { return slot % slots_per_word * 2; }

private:
    std::vector<std::uint64_t> bits_;
    std::vector<std::uint32_t> nodes_; // read only where bits_ says present, so never cleared
};

} // namespace analytics::core
