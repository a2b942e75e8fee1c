/* Ids: the encoding that must never change, the layout of RFC 9562, the order of the sequential ones.
 *
 * The expected keyed ids were computed outside of this project's code, by Python's hashlib over struct.pack(">Q", …)
 * of each length. If one changed, every redelivered event would be stored again. */
#include "../../../extension/core/identity.hpp"

#include "seed.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace analytics::core {
namespace {

std::string hyphenated(const Uuid &uuid)
{
    constexpr char hex[] = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < uuid.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += {hex[uuid[i] >> 4], hex[uuid[i] & 15]};
    }
    return text;
}

int version(const Uuid &uuid)
{
    return uuid[6] >> 4;
}
int variant(const Uuid &uuid)
{
    return uuid[8] >> 6;
}
int counter(const Uuid &uuid)
{
    return (uuid[6] & 15) << 8 | uuid[7];
}

std::int64_t millis(const Uuid &uuid)
{
    std::int64_t value = 0;
    for (int i = 0; i < 6; ++i) value = value << 8 | uuid[static_cast<std::size_t>(i)];
    return value;
}

struct Keyed {
    const char *name;
    std::string event_type, source;
    std::optional<std::string> tenant_id;
    std::vector<std::string> key;
    const char *id;
};

void PrintTo(const Keyed &row, std::ostream *out)
{
    *out << row.name;
}

Uuid id_of(KeyedIdentity &identity, const Keyed &row)
{
    const std::vector<std::string_view> key(row.key.begin(), row.key.end());
    return identity(row.event_type, row.source, row.tenant_id, key);
}

class KeyedId : public testing::TestWithParam<Keyed> {};
TEST_P(KeyedId, IsWhatItAlwaysWas)
{
    KeyedIdentity identity;
    EXPECT_EQ(hyphenated(id_of(identity, GetParam())), GetParam().id);
}

const std::vector<Keyed> keyed_rows{
    {"one_value", "iam.user-registered", "iam-service", {}, {"u-1"}, "2a242c02-b68d-8ac6-adae-02e9e31821ec"},
    {"tenant", "iam.user-registered", "iam-service", "academy-123", {"u-1"}, "de50eafd-f81a-8566-a337-7b2ed0b6400f"},
    {"empty_tenant", "iam.user-registered", "iam-service", "", {"u-1"}, "2c475f25-e146-8c54-81fc-eb88c788881e"},
    {"two_values",
     "guides.challenge-linked",
     "guides-service",
     {},
     {"g-1", "c-1"},
     "bc5949f3-a87c-81d0-ada3-79072f18afe6"},
    {"two_values_swapped",
     "guides.challenge-linked",
     "guides-service",
     {},
     {"c-1", "g-1"},
     "8a97da8f-8a75-89a9-b1e8-2afe3ca6ae44"},
    {"empty_value", "t", "s", {}, {""}, "371a0a41-7ef1-8fae-9f67-5c45dee2c5be"},
    {"no_value", "t", "s", {}, {}, "19bcce7a-7dc6-8bc1-884b-980ab0bcf2cc"},
    {"nothing_but_lengths", "", "", "", {}, "66687aad-f862-8d77-ac8f-c18b8e9f8e20"},
    {"beyond_ascii", "täglich", "quelle", "münchen", {"größe", "😀"}, "cfa86de5-61a4-8700-b893-89e37c18ad0b"},
    {"longest_canonical",
     std::string(120, 't'),
     std::string(120, 's'),
     std::string(64, 'n'),
     {std::string(200, 'k')},
     "063ace86-5aa8-83e4-b3dd-6a401fc78c74"},
    {"large_value", "t", "s", {}, {std::string(100'000, 'k')}, "04eb4810-9edd-8276-b615-36d1c87e8950"},
};

INSTANTIATE_TEST_SUITE_P(Vector, KeyedId, testing::ValuesIn(keyed_rows),
                         [](const auto &info) { return std::string(info.param.name); });

TEST(KeyedIdentityTest, OneKeptContextGivesTheSameIdsInAnyOrder)
{
    KeyedIdentity identity;
    for (auto row = keyed_rows.rbegin(); row != keyed_rows.rend(); ++row)
        EXPECT_EQ(hyphenated(id_of(identity, *row)), row->id) << row->name;
    for (const Keyed &row : keyed_rows) EXPECT_EQ(hyphenated(id_of(identity, row)), row.id) << row.name;
}

TEST(KeyedIdentityTest, WherePartsMeetMatters)
{
    const std::vector<Keyed> alike{
        {"", "ab", "c", {}, {"d"}, ""},     {"", "a", "bc", {}, {"d"}, ""},     {"", "a", "b", "c", {"d"}, ""},
        {"", "a", "b", {}, {"cd"}, ""},     {"", "a", "b", {}, {"c", "d"}, ""}, {"", "a", "b", "", {"c", "d"}, ""},
        {"", "abcd", "", {}, {""}, ""},     {"", "a", "b", "", {"cd"}, ""},     {"", "a", "b", {}, {"c", "d", ""}, ""},
        {"", "a", "b", "cd", {}, ""},       {"", "a", "b", "cd", {""}, ""},     {"", "", "a", "b", {"cd"}, ""},
        {"", "a", "b", {}, {"", "cd"}, ""}, {"", "a", "b", {}, {"cd", ""}, ""},
    };
    KeyedIdentity identity;
    std::set<Uuid> ids;
    for (const Keyed &row : alike) ids.insert(id_of(identity, row));
    EXPECT_EQ(ids.size(), alike.size());
}

TEST(KeyedIdentityTest, VersionIs8AndVariantIsTheRfcs)
{
    KeyedIdentity identity;
    for (int i = 0; i < 1'000; ++i) {
        const std::string value = std::to_string(i);
        const std::array<std::string_view, 1> key{value};
        const Uuid id = identity("t", "s", std::nullopt, key);
        ASSERT_EQ(version(id), 8) << value;
        ASSERT_EQ(variant(id), 2) << value;
    }
}

constexpr std::int64_t some_millis = 0x0123'4567'89ab;

TEST(SequentialIdentityTest, LayoutIsTheRfcs)
{
    SequentialIdentity identity;
    EXPECT_EQ(hyphenated(identity(some_millis, 0)), "01234567-89ab-7000-8000-000000000000");
    EXPECT_EQ(hyphenated(identity(some_millis, ~std::uint64_t{0})), "01234567-89ab-7001-bfff-ffffffffffff");
    EXPECT_EQ(hyphenated(identity(some_millis, 0x8123'4567'89ab'cdef)), "01234567-89ab-7002-8123-456789abcdef");
}

TEST(SequentialIdentityTest, GrowsWithTheClock)
{
    SequentialIdentity identity;
    const Uuid first = identity(some_millis, ~std::uint64_t{0});
    const Uuid second = identity(some_millis + 1, 0);
    EXPECT_LT(first, second);
    EXPECT_EQ(counter(second), 0);
}

TEST(SequentialIdentityTest, GrowsWhileTheClockStandsStill)
{
    std::mt19937_64 random = seeded();
    SequentialIdentity identity;
    Uuid last = identity(some_millis, random());
    for (int i = 0; i < 20'000; ++i) {
        const Uuid next = identity(some_millis, random());
        ASSERT_LT(last, next) << i;
        last = next;
    }
}

TEST(SequentialIdentityTest, FullCounterBorrowsTheNextMillisecond)
{
    SequentialIdentity identity;
    Uuid id{};
    for (int i = 0; i < 4'096; ++i) id = identity(some_millis, 0);
    EXPECT_EQ(counter(id), 4'095);
    EXPECT_EQ(millis(id), some_millis);
    id = identity(some_millis, 0);
    EXPECT_EQ(counter(id), 0);
    EXPECT_EQ(millis(id), some_millis + 1);
}

TEST(SequentialIdentityTest, GrowsThoughTheClockStepsBack)
{
    SequentialIdentity identity;
    const Uuid before = identity(some_millis, ~std::uint64_t{0});
    const Uuid after = identity(some_millis - 3'600'000, 0);
    EXPECT_LT(before, after);
    EXPECT_EQ(millis(after), some_millis);
    EXPECT_EQ(counter(after), 1);
}

TEST(SequentialIdentityTest, GrowsUnderAnyClock)
{
    std::mt19937_64 random = seeded();
    SequentialIdentity identity;
    Uuid last = identity(some_millis, random());
    std::int64_t clock = some_millis;
    for (int i = 0; i < 200'000; ++i) {
        clock += static_cast<std::int64_t>(random() % 7) - 3;
        const Uuid next = identity(clock, random());
        ASSERT_LT(last, next) << i;
        last = next;
    }
}

TEST(SequentialIdentityTest, ClockOutsideOf48BitsIsHeldAtTheNearestBound)
{
    EXPECT_EQ(millis(SequentialIdentity{}(-1, 0)), 0);
    EXPECT_EQ(millis(SequentialIdentity{}(std::int64_t{1} << 50, 0)), (std::int64_t{1} << 48) - 1);
}

} // namespace
} // namespace analytics::core
