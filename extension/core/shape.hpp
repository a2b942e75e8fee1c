/* Shapes as data: how an upstream object is recognised, and which event it becomes. A Shape is a row of
 * analytics_shapes. The six shipped ones are rows too (sql/shapes.sql); none is known here.
 *
 * A Recognizer is made once from all shapes, and then reads one object after another. It gives a slot to every name
 * that a shape or the normalizer needs. It walks an object's members once, and keeps two bits a slot, "present" and
 * "not null". Matching a shape is then comparing a few words of bits, however many members there are.
 *
 * Surprising: after the start a shape's rules consist of slots, not of names. A name without a slot costs one look-up
 * in a small hash table. No record changes that table, so no record can make it slow. */
#pragma once

#include "json.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::core {

struct Shape {
    std::string name{};
    std::string event_type{};
    std::string source{};
    std::vector<std::string> required{};       // top-level members that must be present, whatever their value
    std::vector<std::string> not_null{};       // must be present and not null
    std::vector<std::string> null_or_absent{}; // must be null or absent
    std::vector<std::string> absent{};         // must be absent
    std::string time_member{};                 // holds the event's time; empty: it has none of its own
    std::string iso_member{};                  // the member that stores its ISO text; empty: none
    std::vector<std::string> key_members{};    // the natural key, in order; empty: none
    std::optional<std::int64_t> max_future{};  // in the place of the normalizer's TimeLimits
    std::optional<std::int64_t> max_past{};
};

/** In the order in which they are tried. */
using Shapes = std::vector<Shape>;

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

/** A shape in terms of slots. */
struct Recipe {
    const Shape *shape = nullptr;
    std::vector<std::uint64_t> must, must_not; // bits that an object of this shape must have, and must not have
    Slot time = SlotTable::none;
    std::vector<Slot> key;
};

class Recognizer {
public:
    /** Keeps references to the shapes and the own names. Those have the slots from 0 on, in their order. */
    Recognizer(const Shapes &shapes, std::span<const std::string_view> own_names);

    /** The members of an object that have a slot, valid until the next call. */
    const Members &look_at(const Document &document, std::uint32_t object) noexcept;

    /** The first shape that fits the members of the last look, or nothing. */
    const Recipe *match() const noexcept;

private:
    SlotTable slots_;
    std::vector<Recipe> recipes_; // in the order of the shapes
    Members members_;
};

} // namespace analytics::core
