/* Bags: the bytes are as documented, what was added is read again, and damaged bytes are refused. */
#include "bag_oracle.hpp"
#include "named_bytes.hpp"
#include "seed.hpp"

#include "../../../extension/core/error.hpp"

#include <limits>
#include <memory>

namespace analytics::core {
namespace {

using namespace std::string_literals;

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t smallest = std::numeric_limits<std::int64_t>::min();

/** Reads everything, from a copy that ends where the bytes end, so that a sanitizer sees what lies beyond. */
void read_all(std::string_view packed)
{
    const std::unique_ptr<char[]> copy(new char[packed.size()]);
    std::copy(packed.begin(), packed.end(), copy.get());
    Bag bag;
    bag.add(std::string_view(copy.get(), packed.size()));
}

Bag random_bag(std::mt19937_64 &random, Cells &cells)
{
    static const std::vector<std::string> types{
        "", "a", "aa", "b", "\xc3\xbf", std::string(300, 'x'), "\xf0\x9f\x98\x80"};
    Bag bag;
    for (auto left = random() % 200; left > 0; --left) {
        const std::string &type = types[random() % types.size()];
        const int minute = static_cast<int>(random() % minutes_per_hour);
        const std::int64_t count =
            random() % 8 == 0 ? static_cast<std::int64_t>(random() >> 8U) : static_cast<std::int64_t>(random() % 7) - 3;
        bag.add(type, minute, count);
        add_to(cells, type, minute, count);
    }
    return bag;
}

TEST(Bag, OfNothingIsItsVersion)
{
    EXPECT_EQ(Bag{}.pack(), "\1"s);
    EXPECT_TRUE(Bag{}.empty());
}

TEST(Bag, HasTheDocumentedBytes)
{
    Bag bag;
    bag.add("b", 59, -1);
    bag.add("a", 0, 1);
    bag.add("a", 7, 100);
    EXPECT_EQ(bag.pack(), "\1"
                          "\1a\xCA\1\5\0\2\7\xC8\1"
                          "\1b\1\2\x3B\1"s);
}

TEST(Bag, ForgetsWhatHasBecomeZero)
{
    Bag bag;
    bag.add("a", 3, 5);
    bag.add("b", 3, 1);
    bag.add("a", 3, -5);
    Bag other;
    other.add("b", 3, 1);
    EXPECT_FALSE(bag.empty());
    EXPECT_EQ(bag.pack(), other.pack());
}

TEST(Bag, KeepsATypeWhoseTotalIsZero)
{
    Bag bag;
    bag.add("a", 3, 5);
    bag.add("a", 4, -5);
    EXPECT_FALSE(bag.empty());
    const std::string packed = bag.pack();
    BagReader reader{packed};
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.total(), 0);
}

TEST(Bag, HoldsTheLargestCounts)
{
    Bag bag;
    bag.add("a", 0, largest);
    bag.add("b", 0, smallest);
    EXPECT_EQ(cells_of(bag.pack()), (Cells{{{"a", 0}, largest}, {{"b", 0}, smallest}}));
}

TEST(Bag, RefusesToCountBeyond64Bits)
{
    Bag bag;
    bag.add("a", 0, largest);
    EXPECT_THROW(bag.add("a", 0, 1), Error);
    bag.add("a", 1, 1);
    EXPECT_THROW(bag.pack(), Error) << "the total";
}

TEST(Bag, HoldsWhatWasAdded)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 300; ++round) {
        Cells cells;
        const Bag bag = random_bag(random, cells);
        ASSERT_EQ(cells_of(bag.pack()), cells);
        ASSERT_EQ(bag.empty(), cells.empty());
    }
}

TEST(Bag, AddsUpBagsWhicheverWay)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 100; ++round) {
        Cells cells;
        Bag by_bytes;
        Bag by_bag;
        for (int bags = 0; bags < 5; ++bags) {
            const Bag bag = random_bag(random, cells);
            by_bytes.add(bag.pack());
            by_bag.add(bag);
        }
        ASSERT_EQ(cells_of(by_bytes.pack()), cells);
        ASSERT_EQ(by_bag.pack(), by_bytes.pack()) << "the same cells make the same bytes";
    }
}

TEST(Bag, KnowsTheTotalOfEachType)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 100; ++round) {
        Cells cells;
        const std::string packed = random_bag(random, cells).pack();
        for (BagReader reader{packed}; reader.next();)
            ASSERT_EQ(reader.total(), sum_of(cells, reader.type(), 0, minutes_per_hour));
    }
}

class BrokenBag : public testing::TestWithParam<NamedBytes> {};
TEST_P(BrokenBag, IsRefused)
{
    EXPECT_THROW(read_all(GetParam().bytes), Corrupt);
}

INSTANTIATE_TEST_SUITE_P(Bag, BrokenBag,
                         testing::ValuesIn(std::vector<NamedBytes>{
                             {"empty", ""s},
                             {"version", "\2"s},
                             {"ends_in_the_name", "\1\5abc"s},
                             {"ends_before_the_total", "\1\1a"s},
                             {"ends_before_the_minutes", "\1\1a\2"s},
                             {"ends_in_the_minutes", "\1\1a\2\2\0"s},
                             {"ends_in_a_number", "\1\x80"s},
                             {"name_longer_than_memory", "\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"s},
                             {"number_beyond_64_bits", "\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\2"s},
                             {"number_of_eleven_bytes", "\1\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\0"s},
                             {"no_minutes", "\1\1a\0\0"s},
                             {"minute_60", "\1\1a\2\2\x3C\2"s},
                             {"minute_59_and_1", "\1\1a\4\4\x3B\2\1\2"s},
                             {"minute_twice", "\1\1a\4\4\1\2\0\2"s},
                             {"count_of_zero", "\1\1a\0\2\1\0"s},
                             {"count_cut_off_by_its_part", "\1\1a\2\1\1\2"s},
                             {"types_out_of_order", "\1\1b\2\2\1\2\1a\2\2\1\2"s},
                             {"type_twice", "\1\1a\2\2\1\2\1a\2\2\1\2"s},
                             {"total_not_the_minutes", "\1\1a\4\2\1\2"s},
                             {"type_that_is_no_utf8", "\1\1\xff\2\2\1\2"s},
                             {"type_with_a_surrogate", "\1\3\xed\xa0\x80\2\2\1\2"s},
                             {"type_with_a_zero_byte", "\1\1\0\2\2\1\2"s},
                             {"number_that_could_be_shorter", "\1\x81\0a\2\2\1\2"s},
                         }),
                         name_of<NamedBytes>);

TEST(Bag, CutAnywhereIsRefusedOrShorter)
{
    std::mt19937_64 random = seeded();
    Cells cells;
    const std::string packed = random_bag(random, cells).pack();
    for (std::size_t size = 0; size < packed.size(); ++size) {
        try {
            read_all(std::string_view(packed).substr(0, size));
        } catch (const Corrupt &) {
            continue;
        }
        EXPECT_LT(cells_of(packed.substr(0, size)).size(), cells.size());
    }
}

} // namespace
} // namespace analytics::core
