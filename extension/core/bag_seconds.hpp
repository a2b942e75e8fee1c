/* The seconds of a bag: its counts once more, by second, for readers whose time begins or ends within a minute.
 *
 *   seconds    version byte (1)
 *              varint: bytes of the head that follows
 *   head         varint: how many types the bag does not have; their names, each with its length before it
 *                for each minute: varint step, varint bytes of its part; steps are those of a bag's minutes
 *   parts        of the minutes, one after another, each
 *     type         varint step, then varint: how many seconds it has
 *       second       varint: zigzag count, times two, plus one if a varint step follows; else the step is 1
 *
 * Types have numbers: those of the bag in its order, then those that only the seconds have, because their minutes come
 * to nothing. The first step of a type is its number, the first step of a second is its number in the minute plus one;
 * every other step is the distance from the one before. So a reader of one minute needs the head and that minute's
 * part, wherever the bytes are stored, and a second of a busy type takes one byte.
 *
 * A count of zero is never written, nor a type or minute without counts. A bag need not have seconds, and
 * then no sum with it has any. This format is an on-disk promise. */
#pragma once

#include "packed.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::core {

inline constexpr int seconds_per_minute = 60;
inline constexpr int seconds_per_hour = 3600;

struct SecondCount {
    int second = 0; // of the hour, 0 to 3599
    std::int64_t count = 0;
};

/** The counts of one type by second. Counts in the order of time are appended; others wait, and are sorted in when
 * they are many, or someone reads. */
class SecondCounts {
public:
    /** True when that took memory. Throws Corrupt when a count would exceed 64 bits. */
    bool add(int second, std::int64_t count);

    void add(const SecondCounts &other);

    /** By second, each once, without zeros. Throws Corrupt when a count would exceed 64 bits. */
    [[nodiscard]] std::span<const SecondCount> sorted() const;

private:
    void settle() const;
    void add_up(int first, std::size_t seconds) const;
    void sort() const;

    mutable std::vector<SecondCount> cells_; // sorting them does not change the counts
    mutable std::size_t in_order_ = 0;       // so many of the first ascend
};

/** One type to be packed. */
struct TypeSeconds {
    std::string_view name;
    std::span<const SecondCount> counts; // may be empty
};

/** Packs the counts of types; the first known ones are those of the bag. False when the seconds are not worth their
 * bytes, or a count is too large: then the bag shall be without. */
bool pack_seconds(std::span<TypeSeconds> types, std::size_t known, std::string &packed);

/** The head of packed seconds. The bytes must outlive it. Damaged ones make it throw Corrupt. */
class SecondsHead {
public:
    /** How many bytes there are until the parts. first: the first packed bytes, at least eleven; size: of all. */
    static std::size_t bytes_of(std::string_view first, std::size_t size);

    /** packed: the bytes until the parts, or more of them. size: of all. */
    SecondsHead(std::string_view packed, std::size_t size);

    /** The types that the bag does not have. */
    [[nodiscard]] const std::vector<std::string_view> &types() const noexcept { return types_; }

    /** Where in the packed bytes the part of a minute begins. It ends where that of the next minute begins. */
    [[nodiscard]] std::size_t part(int minute) const noexcept { return parts_[static_cast<std::size_t>(minute)]; }

private:
    std::vector<std::string_view> types_;
    std::array<std::size_t, seconds_per_hour / seconds_per_minute + 1> parts_{};
};

/** Calls see(type, second, count) for each count in the part of a minute, the second of the minute; types: how many
 * there are. Throws Corrupt when the bytes are damaged. */
template <class See> void read_part(std::string_view part, std::size_t types, See see)
{
    packed::Rest rest{part};
    std::size_t type = 0;
    for (bool is_first = true; !rest.empty(); is_first = false) {
        const std::uint64_t step = rest.number();
        if (step >= types - type || (step == 0 && !is_first)) throw Corrupt("bag holds seconds of an unknown type");
        type += static_cast<std::size_t>(step);
        const std::uint64_t seconds = rest.number();
        if (seconds == 0) throw Corrupt("bag holds a type without seconds");
        int second = -1;
        for (std::uint64_t i = 0; i < seconds; ++i) {
            const std::uint64_t number = rest.number();
            const std::uint64_t distance = (number & 1U) != 0 ? rest.number() : 1;
            if (distance > seconds_per_minute || ((number & 1U) != 0 && distance == 1) || distance == 0)
                throw Corrupt("bag holds a second out of order");
            second += static_cast<int>(distance);
            if (second >= seconds_per_minute) throw Corrupt("bag holds a second out of its minute");
            const std::int64_t count = packed::from_zigzag(number >> 1U);
            if (count == 0) throw Corrupt("bag holds a second without a count");
            see(type, second, count);
        }
    }
}

/** A number that stands for a second of the minute: 31 random bits. Counts by second that differ have, but for one
 * chance in 2^31, different sums of count times weight. So the seconds of a minute are compared as one number. */
constexpr std::uint32_t second_weight(int second) noexcept
{
    constexpr unsigned spared = 33;
    std::uint64_t weight = (static_cast<std::uint64_t>(second) + 1) * 0x9E3779B97F4A7C15U; // SplitMix64
    weight = (weight ^ (weight >> 30U)) * 0xBF58476D1CE4E5B9U;
    weight = (weight ^ (weight >> 27U)) * 0x94D049BB133111EBU;
    return static_cast<std::uint32_t>((weight ^ (weight >> 31U)) >> spared);
}

/** The sum of count times weight, modulo 2^64. */
inline std::uint64_t weight_of(std::span<const SecondCount> counts) noexcept
{
    std::uint64_t sum = 0;
    for (const SecondCount &cell : counts)
        sum += static_cast<std::uint64_t>(cell.count) * second_weight(cell.second % seconds_per_minute);
    return sum;
}

} // namespace analytics::core
