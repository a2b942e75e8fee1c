/* RFC 3339 date-times. The oracle for the calendar is the C library's timegm. */
#include "../../../http/api/rfc3339.hpp"

#include <ctime>
#include <gtest/gtest.h>
#include <random>

namespace analytics::http {
namespace {

struct Case {
    const char *text;
    std::optional<std::int64_t> micros;
};

class Instants : public testing::TestWithParam<Case> {};

TEST_P(Instants, asTheReferenceSays)
{
    EXPECT_EQ(micros_of_rfc3339(GetParam().text), GetParam().micros) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Accepted, Instants,
    testing::Values(Case{"1970-01-01T00:00:00Z", 0}, Case{"1970-01-01t00:00:00z", 0}, Case{"1970-01-01 00:00:00Z", 0},
                    Case{"1970-01-01T01:00:00+01:00", 0}, Case{"1969-12-31T23:30:00-00:30", 0},
                    Case{"1970-01-01T00:00:00-00:00", 0}, Case{"1970-01-01T00:00:00.1Z", 100'000},
                    Case{"1970-01-01T00:00:00.123456Z", 123'456}, Case{"1970-01-01T00:00:00.1234569999Z", 123'456},
                    Case{"1970-01-01T00:00:00.0000009Z", 0}, Case{"1969-12-31T23:59:59.9Z", -100'000},
                    Case{"2016-12-31T23:59:60Z", 1'483'228'800'000'000},
                    Case{"2017-01-01T00:59:60+01:00", 1'483'228'800'000'000},
                    Case{"2000-02-29T00:00:00Z", 951'782'400'000'000}, Case{"0001-01-01T00:00:00Z", min_micros},
                    Case{"9999-12-31T23:59:59.999999Z", max_micros}, Case{"0001-01-01T23:59:00+23:59", min_micros}));

INSTANTIATE_TEST_SUITE_P(
    Refused, Instants,
    testing::Values(
        Case{"", {}}, Case{"1970-01-01", {}}, Case{"1970-01-01T00:00:00", {}}, Case{"1970-01-01T00:00Z", {}},
        Case{"1970-1-1T00:00:00Z", {}}, Case{"19700101T000000Z", {}}, Case{"1970-01-01T24:00:00Z", {}},
        Case{"1970-01-01T00:60:00Z", {}}, Case{"1970-01-01T00:00:61Z", {}}, Case{"1970-01-01T00:00:60Z", {}},
        Case{"2016-12-31T23:59:60+01:00", {}}, Case{"1970-01-01T00:00:00.Z", {}}, Case{"1970-01-01T00:00:00,5Z", {}},
        Case{"1970-01-01T00:00:00+0100", {}}, Case{"1970-01-01T00:00:00+01", {}}, Case{"1970-01-01T00:00:00+24:00", {}},
        Case{"1970-01-01T00:00:00+01:60", {}}, Case{"1970-01-01T00:00:00 01:00", {}}, Case{" 1970-01-01T00:00:00Z", {}},
        Case{"1970-01-01T00:00:00Z ", {}}, Case{"1970-01-01T00:00:00ZZ", {}}, Case{"1970-02-30T00:00:00Z", {}},
        Case{"1900-02-29T00:00:00Z", {}}, Case{"1970-13-01T00:00:00Z", {}}, Case{"1970-00-01T00:00:00Z", {}},
        Case{"1970-01-00T00:00:00Z", {}}, Case{"0000-12-31T23:59:59Z", {}}, Case{"0001-01-01T00:00:00+00:01", {}},
        Case{"9999-12-31T23:59:59-00:01", {}}, Case{"9999-12-31T23:59:60Z", {}}, Case{"infinity", {}},
        Case{"-0001-01-01T00:00:00Z", {}}, Case{"+1970-01-01T00:00:00Z", {}}, Case{"1970-01-01T-1:00:00Z", {}}));

TEST(Calendar, agreesWithTimegm)
{
    const auto seed = std::random_device{}();
    RecordProperty("seed", static_cast<int>(seed));
    std::mt19937_64 random(seed);
    std::uniform_int_distribution<std::int64_t> seconds(min_micros / 1'000'000, max_micros / 1'000'000);
    for (int i = 0; i < 10'000; ++i) {
        const std::time_t instant = seconds(random);
        std::tm parts{};
        gmtime_r(&instant, &parts);
        char text[40];
        std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                      parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
        ASSERT_EQ(micros_of_rfc3339(text), instant * 1'000'000) << text << ", seed " << seed;
    }
}

} // namespace
} // namespace analytics::http
