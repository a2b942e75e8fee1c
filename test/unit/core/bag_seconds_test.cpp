/* The seconds of bags: the bytes are as documented, what was added is read again, minutes are the sums of their
 * seconds, and damaged bytes are refused. */
#include "bag_oracle.hpp"
#include "named_bytes.hpp"
#include "seed.hpp"

#include "../../../extension/core/error.hpp"

#include <memory>
#include <set>

namespace analytics::core {
namespace {

using namespace std::string_literals;

PackedBag packed(const Bag &bag)
{
    PackedBag packed;
    bag.pack(packed);
    return packed;
}

/** Adds random counts; many of them come to nothing in their second, or in their minute. */
Bag random_bag(std::mt19937_64 &random, Cells &seconds)
{
    static const std::vector<std::string> types{"", "a", "aa", "b", "\xc3\xbf", std::string(300, 'x')};
    Bag bag;
    const int around = static_cast<int>(random() % seconds_per_hour);
    for (auto left = random() % 300; left > 0; --left) {
        const std::string &type = types[random() % types.size()];
        const int second = random() % 2 == 0 ? static_cast<int>(random() % seconds_per_hour)
                                             : std::min<int>(around + static_cast<int>(random() % 9), 3599);
        const std::int64_t count = random() % 8 == 0 ? static_cast<std::int64_t>(random() >> 12U)
                                                     : static_cast<std::int64_t>(random() % 3) - 1;
        bag.add_second(type, second, count);
        add_to(seconds, type, second, count);
    }
    return bag;
}

TEST(BagSeconds, OfNothingAreAnEmptyHead)
{
    EXPECT_EQ(packed(Bag{}).seconds, "\1\1\0"s);
}

TEST(BagSeconds, HaveTheDocumentedBytes)
{
    Bag bag;
    bag.add_second("b", 125, 1);
    bag.add_second("a", 0, 3);
    bag.add_second("a", 1, -1);
    bag.add_second("a", 59, 1);
    bag.add_second("moved", 120, 1);
    bag.add_second("moved", 121, -1);
    EXPECT_EQ(packed(bag).cells, "\1\1a\6\2\0\6\1b\2\2\2\2"s);
    EXPECT_EQ(packed(bag).seconds, "\1\x0B\1\5moved\0\6\2\x08"s
                                   "\0\3\x0C\2\5\x3A"s
                                   "\1\1\5\6\1\2\4\2"s);
}

TEST(BagSeconds, OfOneEventAreNineBytes)
{
    Bag bag;
    bag.add_second("order.placed", 3599, 1);
    EXPECT_EQ(packed(bag).seconds.size(), 9U);
}

TEST(BagSeconds, OfABusyHourAreAByteEach)
{
    Bag bag;
    for (int second = 0; second < seconds_per_hour; ++second) bag.add_second("a", second, second % 30);
    EXPECT_LT(packed(bag).seconds.size(), 3600U + 400U);
}

TEST(BagSeconds, HoldWhatWasAdded)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 300; ++round) {
        Cells seconds;
        const Bag bag = random_bag(random, seconds);
        const PackedBag bytes = packed(bag);
        ASSERT_TRUE(bytes.has_seconds);
        ASSERT_EQ(seconds_of(bytes.cells, bytes.seconds), seconds);
        ASSERT_EQ(cells_of(bytes.cells), minutes_of(seconds));
        ASSERT_EQ(bag.empty(), seconds.empty());
    }
}

TEST(BagSeconds, AddUpWhicheverWay)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 100; ++round) {
        Cells seconds;
        Bag by_bytes;
        Bag by_bag;
        for (int bags = 0; bags < 5; ++bags) {
            const Bag bag = random_bag(random, seconds);
            const PackedBag bytes = packed(bag);
            by_bytes.add(bytes.cells, bytes.seconds);
            by_bag.add(bag);
        }
        const PackedBag sum = packed(by_bytes);
        ASSERT_EQ(seconds_of(sum.cells, sum.seconds), seconds);
        ASSERT_EQ(cells_of(sum.cells), minutes_of(seconds));
        ASSERT_EQ(packed(by_bag).seconds, sum.seconds) << "the same counts make the same bytes";
        ASSERT_EQ(packed(by_bag).cells, sum.cells);
    }
}

TEST(BagSeconds, AreMissingWhereAPartIsWithout)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 50; ++round) {
        Cells seconds;
        Bag sum = random_bag(random, seconds);
        const PackedBag other = packed(random_bag(random, seconds));
        const PackedBag without = packed(random_bag(random, seconds));
        if (round % 2 == 0) sum.add(without.cells);
        sum.add(other.cells, other.seconds);
        if (round % 2 != 0) sum.add(without.cells);
        ASSERT_FALSE(packed(sum).has_seconds);
        ASSERT_EQ(cells_of(packed(sum).cells), minutes_of(seconds)) << "the minutes are right";
    }
}

TEST(BagSeconds, StayApartFromMinutesThatSayOtherwise)
{
    Bag other;
    other.add("a", 7, 5);
    Bag bag;
    bag.add_second("a", 7 * 60, 2);
    Bag sum;
    sum.add(other.pack(), packed(bag).seconds);
    EXPECT_EQ(packed(sum).cells, other.pack());
    EXPECT_EQ(seconds_of(packed(sum).cells, packed(sum).seconds), (Cells{{{"a", 7 * 60}, 2}}));
}

/* What repairs bags whose minutes and seconds lack different counts. */
TEST(BagSeconds, AreAddedAloneAndSoAreMinutes)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 50; ++round) {
        Cells minutes;
        Cells seconds;
        Bag bag;
        for (auto left = random() % 100; left > 0; --left) {
            const std::string type(1, static_cast<char>('a' + random() % 3));
            const int second = static_cast<int>(random() % 300);
            const auto count = static_cast<std::int64_t>(random() % 5) - 2;
            if (random() % 2 == 0) {
                bag.add_second_alone(type, second, count);
                add_to(seconds, type, second, count);
            } else {
                bag.add_minute_alone(type, second / 60, count);
                add_to(minutes, type, second / 60, count);
            }
        }
        ASSERT_EQ(cells_of(packed(bag).cells), minutes);
        ASSERT_EQ(seconds_of(packed(bag).cells, packed(bag).seconds), seconds);
        bag.for_each_second([&](std::string_view type, int second, std::int64_t count) {
            add_to(seconds, std::string(type), second, -count);
        });
        ASSERT_TRUE(seconds.empty());
    }
}

TEST(BagSeconds, AreLeftOutWhereTheyAreTooMany)
{
    Bag bag;
    for (int type = 0; type < 200; ++type)
        for (int second = 0; second < seconds_per_hour; second += 2)
            bag.add_second("type " + std::to_string(type), second, 1'000);
    EXPECT_FALSE(packed(bag).has_seconds);
    EXPECT_EQ(cells_of(packed(bag).cells).size(), 200U * 60U);
}

TEST(BagSeconds, AreLeftOutWhereACountIsTooLarge)
{
    Bag bag;
    bag.add_second("a", 0, std::int64_t{1} << 62U);
    EXPECT_FALSE(packed(bag).has_seconds);
}

TEST(BagSeconds, HaveWeightsThatDiffer)
{
    std::set<std::uint32_t> weights;
    for (int second = 0; second < seconds_per_minute; ++second) weights.insert(second_weight(second));
    EXPECT_EQ(weights.size(), 60U);
    EXPECT_EQ(second_weight(0), 0xE220A8397B1DCDAFU >> 33U) << "SplitMix64's first number";
}

TEST(BagSeconds, WeighWhatTheirSecondsWeigh)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 50; ++round) {
        Cells seconds;
        const Bag bag = random_bag(random, seconds);
        std::map<std::pair<std::string, int>, std::uint64_t> weights;
        for (const auto &[key, count] : seconds)
            weights[{key.first, key.second / 60}] += static_cast<std::uint64_t>(count) * second_weight(key.second % 60);
        bag.for_each_minute(
            [&](std::string_view type, int minute, std::int64_t count, std::span<const SecondCount> of_minute) {
                const std::pair key{std::string(type), minute};
                ASSERT_EQ(weight_of(of_minute), weights[key]);
                ASSERT_EQ(count, sum_of(minutes_of(seconds), type, minute, minute + 1));
                weights.erase(key);
            });
        ASSERT_TRUE(weights.empty());
    }
}

/** Reads everything, from a copy that ends where the bytes end, so that a sanitizer sees what lies beyond. */
void read_all(std::string_view seconds)
{
    const std::unique_ptr<char[]> copy(new char[seconds.size()]);
    std::copy(seconds.begin(), seconds.end(), copy.get());
    Bag bag;
    bag.add("\1\1a\2\2\0\2"s, std::string_view(copy.get(), seconds.size()));
}

class BrokenSeconds : public testing::TestWithParam<NamedBytes> {};
TEST_P(BrokenSeconds, AreRefused)
{
    EXPECT_THROW(read_all(GetParam().bytes), Corrupt);
}

INSTANTIATE_TEST_SUITE_P(BagSeconds, BrokenSeconds,
                         testing::ValuesIn(std::vector<NamedBytes>{
                             {"empty", ""s},
                             {"version", "\2\1\0"s},
                             {"version_alone", "\1"s},
                             {"head_beyond_the_end", "\1\2\0"s},
                             {"head_longer_than_memory", "\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"s},
                             {"no_head", "\1\0"s},
                             {"types_that_are_missing", "\1\1\1"s},
                             {"type_that_is_no_utf8", "\1\3\1\1\xff"s},
                             {"bytes_after_the_end", "\1\1\0\0"s},
                             {"part_beyond_the_end", "\1\3\0\0\4\0\1\4"s},
                             {"part_of_nothing", "\1\3\0\0\0"s},
                             {"minute_60", "\1\3\0\x3C\3\0\1\4"s},
                             {"minute_twice", "\1\5\0\1\3\0\3\0\1\4\0\1\4"s},
                             {"minute_59_and_1", "\1\5\0\x3B\3\1\3\0\1\4\0\1\4"s},
                             {"unknown_type", "\1\3\0\0\3\1\1\4"s},
                             {"type_twice", "\1\3\0\0\6\0\1\4\0\1\4"s},
                             {"type_without_seconds", "\1\3\0\0\2\0\0"s},
                             {"seconds_that_are_missing", "\1\3\0\0\3\0\2\4"s},
                             {"second_60", "\1\3\0\0\4\0\1\5\x3D"s},
                             {"second_twice", "\1\3\0\0\5\0\2\4\5\0"s},
                             {"step_that_could_be_left_out", "\1\3\0\0\4\0\1\5\1"s},
                             {"count_of_zero", "\1\3\0\0\3\0\1\0"s},
                         }),
                         name_of<NamedBytes>);

TEST(BagSeconds, CutAnywhereAreRefused)
{
    std::mt19937_64 random = seeded();
    Cells cells;
    const PackedBag bytes = packed(random_bag(random, cells));
    for (std::size_t size = 0; size < bytes.seconds.size(); ++size) {
        Bag bag;
        EXPECT_THROW(bag.add(bytes.cells, std::string_view(bytes.seconds).substr(0, size)), Corrupt) << size;
    }
}

} // namespace
} // namespace analytics::core
