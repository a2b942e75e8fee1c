/* Sums by minute, of one type or of all, from bags with positive and negative counts, compared with the counts one
 * by one. */
#include "../../../extension/core/error.hpp"
#include "../../../extension/core/minute_sums.hpp"

#include "bag_oracle.hpp"
#include "seed.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace analytics::core {
namespace {

TEST(MinuteSums, AddUpRandomBags)
{
    std::mt19937_64 random = seeded();
    const std::vector<std::string> types{"", "a", "ab", "b", "order.placed"};
    for (int round = 0; round < 200; ++round) {
        Cells cells;
        std::vector<std::string> bags;
        for (std::size_t number = random() % 5; number > 0; --number) {
            Bag bag;
            for (std::size_t cell = random() % 40; cell > 0; --cell) {
                const std::string &type = types[random() % types.size()];
                const int minute = static_cast<int>(random() % minutes_per_hour);
                const std::int64_t count = static_cast<std::int64_t>(random() % 7) - 3;
                bag.add(type, minute, count);
                add_to(cells, type, minute, count);
            }
            bags.push_back(bag.pack());
        }
        MinuteSums all;
        std::vector<MinuteSums> of(types.size());
        for (const std::string &bag : bags) {
            all.add(bag, std::nullopt);
            for (std::size_t type = 0; type < types.size(); ++type) of[type].add(bag, types[type]);
        }
        for (int minute = 0; minute < minutes_per_hour; ++minute) {
            std::int64_t sum = 0;
            for (std::size_t type = 0; type < types.size(); ++type) {
                const std::int64_t due = sum_of(cells, types[type], minute, minute + 1);
                EXPECT_EQ(of[type].counts.at(minute), due) << types[type] << " in minute " << minute;
                sum += due;
            }
            EXPECT_EQ(all.counts.at(minute), sum) << "minute " << minute;
        }
    }
}

TEST(MinuteSums, RefuseWhatIsNoBag)
{
    EXPECT_THROW(MinuteSums{}.add("no bag", std::nullopt), Corrupt);
    EXPECT_THROW(MinuteSums{}.add("", "a"), Corrupt);
}

TEST(MinuteSums, RefuseASumBeyond64Bits)
{
    Bag bag;
    bag.add("a", 7, std::numeric_limits<std::int64_t>::max());
    MinuteSums sums;
    sums.add(bag.pack(), "a");
    EXPECT_THROW(sums.add(bag.pack(), "a"), Error);
}

} // namespace
} // namespace analytics::core
