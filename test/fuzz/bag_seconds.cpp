/* Any bytes as the seconds of a bag: they are refused, or read. What was read is packed, and read again as the same
 * counts. A counter that reads one part of them counts what they count there. */
#include "../unit/core/bag_oracle.hpp"
#include "require.hpp"

#include "../../extension/core/error.hpp"
#include "../../extension/core/window_counter.hpp"

#include <cstdint>

namespace {

using namespace analytics::core;

/** A bag of two types. */
std::string some_cells()
{
    Bag bag;
    bag.add("a", 7, 1);
    bag.add("b", 7, 2);
    return bag.pack();
}

void check_counter(const std::string &cells, const std::string &bytes, const Cells &seconds)
{
    constexpr int from = 7 * seconds_per_minute + 20;
    constexpr int to = 8 * seconds_per_minute + 30;
    const std::vector<Instant> bounds{from * micros_per_second, to * micros_per_second};
    WindowCounter counter{bounds, CountFrom::bags};
    counter.add_bag(0, cells);
    require(counter.wants_seconds(0), "the window divides minutes");
    const std::string head = bytes.substr(0, SecondsHead::bytes_of(bytes.substr(0, 11), bytes.size()));
    const SecondsHead parts{head, bytes.size()};
    const auto [start, end] = counter.wanted_bytes(0, parts);
    counter.add_seconds(0, parts, std::string_view(bytes).substr(start, end - start));
    require(counter.decide().empty(), "no event is wanted between whole seconds");
    counter.finish();
    Cells counted;
    for (const auto &cell : counter.counts()) counted[{std::string(counter.types()[cell.type]), 0}] = cell.count;
    Cells expected;
    for (const auto &[key, count] : seconds)
        if (key.second >= from && key.second < to) add_to(expected, key.first, 0, count);
    require(counted == expected, "the counter counts the seconds of its window");
}

void check(const std::string &bytes)
{
    const std::string cells = some_cells();
    Bag bag;
    bag.add(cells, bytes);
    Cells seconds = seconds_of(cells, bytes);
    std::erase_if(seconds, [](const auto &cell) { return cell.second == 0; });
    PackedBag packed;
    bag.pack(packed);
    require(packed.cells == cells, "the minutes are what they were");
    if (packed.has_seconds)
        require(seconds_of(packed.cells, packed.seconds) == seconds, "packed again, it holds the same seconds");
    check_counter(cells, bytes, seconds);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    try {
        check(std::string(data, data + size));
    } catch (const Error &) { // Corrupt, or counts beyond 64 bits
    }
    return 0;
}
