/* A bag: how many events of each type the minutes of one hour hold, packed in bytes.
 *
 *   bag      version byte (1), then the types in the order of their bytes, each
 *   type       varint length of the name, the name
 *              zigzag varint: the type's total of the hour
 *              varint: bytes of the minutes that follow
 *   minutes      varint step, zigzag varint count; the first step is the minute (0 to 59), each further one the
 *                distance from the minute before
 *
 * So a whole hour is read at the cost of its types, and a part of it by stepping over the rest. Zero is never written:
 * a count that has become zero vanishes, and with its last minute a type; a bag of nothing is the version byte alone.
 * Counts may be negative (a bag that takes away), and a total zero where a plus and a minus meet. What two bags of one
 * hour hold together is their sum, and the same cells always make the same bytes.
 *
 * Varints are LEB128 (least significant seven bits first). This format is an on-disk promise. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::core {

inline constexpr int minutes_per_hour = 60;

using Micros = std::int64_t;

inline constexpr Micros micros_per_minute = 60'000'000;
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

/** Walks a type's minutes, in order. Throws Corrupt where the bytes are no such thing. */
class MinuteReader {
public:
    MinuteReader(const char *begin, const char *end) noexcept : at_(begin), end_(end) {}

    /** Whether there was another one. */
    bool next(MinuteCount &cell);

private:
    const char *at_;
    const char *end_;
    int minute_ = -1;
};

/** Walks a bag's types, in order, without decoding their minutes. The bytes must outlive it. Throws Corrupt where the
 * bytes are no bag; never reads beyond them. */
class BagReader {
public:
    explicit BagReader(std::string_view packed);

    /** Goes to the next type; false when there is none. */
    bool next();

    /* Of the type that next() went to: */
    [[nodiscard]] std::string_view type() const noexcept { return type_; }
    [[nodiscard]] std::int64_t total() const noexcept { return total_; }
    [[nodiscard]] MinuteReader minutes() const noexcept { return {minutes_, at_}; }

    /** Events in the minutes [from, to). The whole hour is its total. */
    [[nodiscard]] std::int64_t sum(int from, int to) const;

private:
    const char *at_;
    const char *end_;
    const char *minutes_ = nullptr;
    std::string_view type_;
    std::int64_t total_ = 0;
    bool first_ = true;
};

/** Cells of one hour, to be added to and packed. */
class Bag {
public:
    /** Whether that made a new cell. Throws Error when a count would leave 64 bits. */
    bool add(std::string_view type, int minute, std::int64_t count);

    /** Adds all that a packed bag holds. Throws Corrupt, and may then have added a part. */
    void add(std::string_view packed);

    void add(const Bag &other);

    /** Whether every count is zero. */
    [[nodiscard]] bool empty() const noexcept;

    [[nodiscard]] std::string pack() const;

private:
    using Minutes = std::vector<MinuteCount>; // by minute, each once, zeros included

    Minutes &minutes_of(std::string_view type);
    static bool add(Minutes &minutes, int minute, std::int64_t count);

    std::map<std::string, Minutes, std::less<>> types_;
};

} // namespace analytics::core
