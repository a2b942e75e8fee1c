/* Any bytes as a bag: they are refused, or read. What was read is packed, and read again as the same counts. */
#include "../unit/core/bag_oracle.hpp"
#include "require.hpp"

#include "../../extension/core/count.hpp"
#include "../../extension/core/error.hpp"

#include <cstdint>

namespace {

using namespace analytics::core;

void check(const std::string &bytes)
{
    Bag bag;
    bag.add(bytes);
    const std::string packed = bag.pack();
    require(cells_of(packed) == cells_of(bytes), "packed again, it holds the same cells");
    bag.add(packed);
    Cells doubled = cells_of(bytes);
    for (auto &[cell, count] : doubled) count *= 2;
    require(cells_of(bag.pack()) == doubled, "added twice, it holds each cell twice");
    for (BagReader reader{bytes}; reader.next();) {
        std::int64_t sum = 0;
        MinuteReader minutes = reader.minutes();
        for (MinuteCount cell; minutes.next(cell);) sum = sum_of(sum, cell.count);
        require(sum == reader.total(), "its minutes are its total");
    }
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
