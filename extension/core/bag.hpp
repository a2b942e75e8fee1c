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

/** The counts of one hour, to which others are added before they are packed. */
class Bag {
public:
    /** True when that made a new cell. Throws Error when a count would exceed 64 bits. */
    bool add(std::string_view type, int minute, std::int64_t count);

    /** Adds the counts of a packed bag. May have added a part of them when it throws Corrupt. */
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
