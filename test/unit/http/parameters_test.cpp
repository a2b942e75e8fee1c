/* Query parameters, both sides of every bound; and the query string they come in. */
#include "../../../http/api/parameters.hpp"

#include "../../../http/api/query.hpp"

#include <array>
#include <gtest/gtest.h>

namespace analytics::http {
namespace {

constexpr std::array all{&limit, &window_minutes, &reference, &tenant_id, &event_type, &cursor};

Query asked(std::string_view query, std::span<const Parameter *const> known)
{
    Query result;
    read_query(query, known, result);
    return result;
}

/** The path of one event. */
Query named(std::string_view instant, std::string_view id)
{
    constexpr std::array event_path{&occurred_at, &event_id};
    Query result;
    const std::array segments{instant, id};
    read_path(segments, event_path, result);
    return result;
}

std::string repeat(std::string_view text, int times)
{
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
}

struct Case {
    std::string query;
    std::string field; // that is at fault; empty: none
};

class ParameterIsJudged : public testing::TestWithParam<Case> {};

TEST_P(ParameterIsJudged, asTheReferenceSays)
{
    const Query read = asked(GetParam().query, all);
    if (GetParam().field.empty()) {
        EXPECT_TRUE(read.errors.empty()) << read.errors.front().field << ' ' << read.errors.front().detail;
    } else {
        ASSERT_EQ(read.errors.size(), 1U) << GetParam().query;
        EXPECT_EQ(read.errors.front().field, GetParam().field);
        EXPECT_FALSE(read.errors.front().detail.empty());
    }
}

INSTANTIATE_TEST_SUITE_P(
    Limit, ParameterIsJudged,
    testing::Values(Case{"limit=1", ""}, Case{"limit=500", ""}, Case{"limit=007", ""}, Case{"limit=0", "limit"},
                    Case{"limit=501", "limit"}, Case{"limit=-1", "limit"}, Case{"limit=-0", "limit"},
                    Case{"limit=%2B5", "limit"}, Case{"limit=+5", "limit"}, Case{"limit=5+", "limit"},
                    Case{"limit=5.0", "limit"}, Case{"limit=1e2", "limit"}, Case{"limit=0x10", "limit"},
                    Case{"limit=", "limit"}, Case{"limit", "limit"}, Case{"limit=99999999999999999999", "limit"},
                    Case{"limit=4294967297", "limit"}, Case{"limit=%D9%A5", "limit"}));

INSTANTIATE_TEST_SUITE_P(Window, ParameterIsJudged,
                         testing::Values(Case{"windowMinutes=5", ""}, Case{"windowMinutes=10080", ""},
                                         Case{"windowMinutes=4", "windowMinutes"},
                                         Case{"windowMinutes=10081", "windowMinutes"},
                                         Case{"windowMinutes=sixty", "windowMinutes"},
                                         Case{"windowminutes=60", "windowminutes"}));

INSTANTIATE_TEST_SUITE_P(
    Texts, ParameterIsJudged,
    testing::Values(Case{"tenantId=a", ""}, Case{"tenantId=" + repeat("x", 64), ""},
                    Case{"tenantId=" + repeat("%C3%A4", 64), ""}, Case{"tenantId=" + repeat("%F0%9F%98%80", 64), ""},
                    Case{"tenantId=" + repeat("x", 65), "tenantId"},
                    Case{"tenantId=" + repeat("%C3%A4", 65), "tenantId"}, Case{"tenantId=", "tenantId"},
                    Case{"tenantId=a%00b", "tenantId"}, Case{"tenantId=%FF", "tenantId"},
                    Case{"tenantId=%C0%80", "tenantId"}, Case{"tenantId=%ED%A0%80", "tenantId"},
                    Case{"tenantId=%", "tenantId"}, Case{"tenantId=%2", "tenantId"}, Case{"tenantId=%zz", "tenantId"},
                    Case{"tenantId=%u0041", "tenantId"}, Case{"tenantId=%+1", "tenantId"},
                    Case{"eventType=" + repeat("x", 120), ""}, Case{"eventType=" + repeat("x", 121), "eventType"},
                    Case{"eventType=", "eventType"}));

INSTANTIATE_TEST_SUITE_P(Reference, ParameterIsJudged,
                         testing::Values(Case{"reference=2026-01-02T03:04:05Z", ""},
                                         Case{"reference=2026-01-02T03:04:05%2B01:00", ""},
                                         Case{"reference=2026-01-02T03:04:05+01:00", "reference"},
                                         Case{"reference=2026-01-02T03:04:05", "reference"},
                                         Case{"reference=now", "reference"}, Case{"reference=", "reference"}));

INSTANTIATE_TEST_SUITE_P(Cursor, ParameterIsJudged,
                         testing::Values(Case{"cursor=", "cursor"}, Case{"cursor=abc", "cursor"},
                                         Case{"cursor=" + repeat("A", 32), ""},
                                         Case{"cursor=" + repeat("A", 31), "cursor"},
                                         Case{"cursor=" + repeat("A", 33), "cursor"},
                                         Case{"cursor=" + repeat("%3D", 32), "cursor"}));

INSTANTIATE_TEST_SUITE_P(Names, ParameterIsJudged,
                         testing::Values(Case{"", ""}, Case{"&", ""}, Case{"&&limit=1&", ""},
                                         Case{"offset=1", "offset"}, Case{"Limit=1", "Limit"},
                                         Case{"limit=1&limit=1", "limit"}, Case{"limit=1&%6Cimit=2", "limit"},
                                         Case{"%6Cimit=1", ""}, Case{"=1", "\"\""}, Case{"%FF=1", "%FF"}));

TEST(Arguments, standInTheOrderOfTheKnown)
{
    constexpr std::array known{&limit, &tenant_id, &event_type};
    const Query read = asked("eventType=b+c&limit=7&tenantId=%26a", known);
    EXPECT_EQ(read.arguments, (Arguments{"7", "&a", "b c"}));
}

TEST(Arguments, areDefaultsOrNullWhenAbsent)
{
    EXPECT_EQ(asked("", all).arguments,
              (Arguments{"50", std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt}));
}

TEST(Faults, areReportedAllAtOnce)
{
    const Query read = asked("limit=0&windowMinutes=1&nosuch=1", all);
    EXPECT_EQ(read.errors.size(), 3U);
}

TEST(Faults, areBounded)
{
    std::string query;
    for (int i = 0; i < 1000; ++i) query += "p" + std::to_string(i) + "=1&";
    EXPECT_LE(asked(query, all).errors.size(), 20U);
}

TEST(Faults, repeatNoNameOfAnyLength)
{
    const Query read = asked(repeat("%C3%A4", 1000) + "=1", all);
    ASSERT_EQ(read.errors.size(), 1U);
    EXPECT_LE(read.errors.front().field.size(), 80U);
}

TEST(Encoded, isReadBack)
{
    std::string every;
    for (int byte = 1; byte < 128; ++byte) every += static_cast<char>(byte);
    every += "äß€😀";
    const std::vector<Pair> pairs = pairs_of(query_with({}, "name", every));
    ASSERT_EQ(pairs.size(), 1U);
    EXPECT_EQ(pairs.front().value, every);
}

TEST(Path, isReadLikeAQuery)
{
    constexpr std::string_view id = "8ba02af1-c98f-8b9a-bc17-675d036f64fa";
    const Query read = named("2026-03-04T05%3a06:07.5Z", id);
    ASSERT_TRUE(read.errors.empty()) << read.errors.front().detail;
    EXPECT_EQ(read.arguments, (Arguments{"1772600767500000", std::string(id)}));
}

TEST(Path, takesAPlusForAPlus)
{
    EXPECT_TRUE(named("2026-03-04T05:06:07+01:00", "8ba02af1-c98f-8b9a-bc17-675d036f64fa").errors.empty());
}

TEST(Path, isRefusedByName)
{
    for (const std::string_view id :
         {"8ba02af1", "8ba02af1-c98f-8b9a-bc17-675d036f64f", "8ba02af1-c98f-8b9a-bc17-675d036f64fa0",
          "8ba02af1-c98f-8b9a-bc17-675d036f64fg", "8ba02af1c98f8b9abc17675d036f64fa0000", "%FF", "%"}) {
        const Query read = named("2026-03-04T05:06:07Z", id);
        ASSERT_EQ(read.errors.size(), 1U) << id;
        EXPECT_EQ(read.errors.front().field, "id");
    }
    EXPECT_EQ(named("2026-03-04", "x").errors.size(), 2U);
}

TEST(QueryWith, replacesOrAddsOne)
{
    EXPECT_EQ(query_with("", "cursor", "a b"), "cursor=a%20b");
    EXPECT_EQ(query_with("limit=2&cursor=x&tenantId=a%26b+c", "cursor", "y"), "limit=2&tenantId=a%26b%20c&cursor=y");
}

} // namespace
} // namespace analytics::http
