/* A bag: how many events of each type the minutes of one hour hold, packed in bytes.
 *
 *   bag      version byte (1), then the types in the order of their bytes, each
 *   type       varint length of the name, the name
 *              zigzag varint: the type's total of the hour
 *              varint: bytes of the minutes that follow
 *   minutes      varint step, zigzag varint count; the first step is the minute (0 to 59), each further one the
 *                distance from the minute before
 *
 * So reading a whole hour costs its types, and reading a part of it skips the rest. A count of zero is never written,
 * nor a type without counts: an empty bag is the version byte alone. A bag may subtract: then counts are negative, and
 * a total may be zero where a positive and a negative count meet. Two bags of an hour are added up. Equal counts make
 * equal bytes.
 *
 * Varints are LEB128 (least significant seven bits first). This format is an on-disk promise. */
#pragma once

#include "bag_seconds.hpp"
#include "count.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::core {

inline constexpr int minutes_per_hour = 60;

using Micros = std::int64_t;

inline constexpr Micros micros_per_second = 1'000'000;
inline constexpr Micros micros_per_minute = seconds_per_minute * micros_per_second;
inline constexpr Micros micros_per_hour = minutes_per_hour * micros_per_minute;

/** Start of the hour that holds the instant. */
constexpr Micros hour_of(Micros instant) noexcept
{
    const Micros rest = instant % micros_per_hour;
    return instant - (rest < 0 ? rest + micros_per_hour : rest);
}

struct MinuteCount {
    int minute = 0; // of the hour, 0 to 59
    std::int64_t count = 0;
};

/** Walks a type's minutes, in order. Throws Corrupt when the bytes are damaged. */
class MinuteReader {
public:
    MinuteReader(const char *begin, const char *end) noexcept : at_(begin), end_(end) {}

    /** False when there is no other one. */
    bool next(MinuteCount &cell);

private:
    const char *at_;
    const char *end_;
    int minute_ = -1;
};

/** Walks a bag's types, in order, without decoding their minutes. The bytes must outlive it. Throws Corrupt when they
 * are damaged; never reads beyond them. */
class BagReader {
public:
    explicit BagReader(std::string_view packed);

    /** Goes to the next type; false when there is none. */
    bool next();

    /* Of the type that next() went to: */
    [[nodiscard]] std::string_view type() const noexcept { return type_; }
    [[nodiscard]] std::int64_t total() const noexcept { return total_; }
    [[nodiscard]] MinuteReader minutes() const noexcept { return {minutes_, at_}; }

private:
    const char *at_;
    const char *end_;
    const char *minutes_ = nullptr;
    std::string_view type_;
    std::int64_t total_ = 0;
    bool first_ = true;
};

/** A bag as it is stored. */
struct PackedBag {
    std::string cells;
    std::string seconds;
    bool has_seconds = true;
};

/** The counts of one hour, to which others are added before they are packed. It has seconds as long as
 * everything that was added has. */
class Bag {
public:
    /** Adds a count whose second is known. Returns roughly how many bytes of memory that took. Throws Error when a
     * count would exceed 64 bits. */
    std::size_t add_second(std::string_view type, int second, std::int64_t count);

    /** Adds a count of which only the minute is known. Throws Error like add_second. */
    void add(std::string_view type, int minute, std::int64_t count);

    /** Adds a count of a second that no minute counts, so that the seconds differ from the minutes. Throws Error like
     * add_second. */
    void add_second_alone(std::string_view type, int second, std::int64_t count);

    /** Adds a count of a minute that no second counts; the bag keeps its seconds. Throws Error like add_second. */
    void add_minute_alone(std::string_view type, int minute, std::int64_t count) { counts_of(type).add(minute, count); }

    /** Adds the counts of a packed bag, and its seconds if it has any. May have added a part of them when it throws
     * Corrupt. */
    void add(std::string_view cells, const std::optional<std::string_view> &seconds = std::nullopt);

    void add(const Bag &other);

    /** Whether every count is zero. */
    [[nodiscard]] bool empty() const;

    /** Whether a minute has counts. Seconds may have counts that come to nothing in their minute. */
    [[nodiscard]] bool has_minutes() const;

    [[nodiscard]] bool has_seconds() const noexcept { return has_seconds_; }

    void pack(PackedBag &packed) const;

    /** The packed minutes alone. */
    [[nodiscard]] std::string pack() const;

    /** Calls see(type, minute, count, seconds) for each minute that has counts; seconds: its SecondCounts, which may be
     * there where the count is zero. */
    template <class See> void for_each_minute(See see) const
    {
        for (const auto &type : types_)
            type.second.for_each_minute([&](int minute, std::int64_t count, std::span<const SecondCount> seconds) {
                see(std::string_view{type.first}, minute, count, seconds);
            });
    }

    /** Calls see(type, second, count) for each second that has counts. */
    template <class See> void for_each_second(See see) const
    {
        for (const auto &[type, counts] : types_)
            for (const SecondCount &cell : counts.seconds.sorted())
                see(std::string_view{type}, cell.second, cell.count);
    }

private:
    struct Counts {
        std::vector<MinuteCount> minutes; // what the seconds don't count: by minute, each once, zeros included
        SecondCounts seconds;

        void add(int minute, std::int64_t count);
        template <class See> void for_each_minute(See see) const;
    };

    Counts &counts_of(std::string_view type);
    void add_seconds(std::string_view packed, std::vector<Counts *> &types);
    void pack_cells(std::string &cells, std::vector<TypeSeconds> *types, std::size_t *known) const;

    std::map<std::string, Counts, std::less<>> types_;
    bool has_seconds_ = true;
};

template <class See> void Bag::Counts::for_each_minute(See see) const
{
    const std::span<const SecondCount> sorted = seconds.sorted();
    auto minute = minutes.begin();
    auto second = sorted.begin();
    while (minute != minutes.end() || second != sorted.end()) {
        int next = minutes_per_hour;
        if (minute != minutes.end()) next = minute->minute;
        if (second != sorted.end()) next = std::min(next, second->second / seconds_per_minute);
        std::int64_t count = 0;
        if (minute != minutes.end() && minute->minute == next) count = minute++->count;
        const auto first = second;
        const int end = (next + 1) * seconds_per_minute;
        for (; second != sorted.end() && second->second < end; ++second) count = sum_of(count, second->count);
        if (count != 0 || first != second) see(next, count, std::span<const SecondCount>{first, second});
    }
}

} // namespace analytics::core
