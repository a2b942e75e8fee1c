/* The closed list of reasons: the names that users see, and the order that decides between them. */
#include "../../../extension/core/reason.hpp"

#include <gtest/gtest.h>

namespace analytics::core {
namespace {

struct Row {
    Reason reason;
    const char *name;
};

/** In the order of the reference's table. */
constexpr Row rows[] = {
    {Reason::none, ""},
    {Reason::too_large, "too_large"},
    {Reason::invalid_utf8, "invalid_utf8"},
    {Reason::invalid_json, "invalid_json"},
    {Reason::too_deep, "too_deep"},
    {Reason::not_an_object, "not_an_object"},
    {Reason::unknown_shape, "unknown_shape"},
    {Reason::missing_field, "missing_field"},
    {Reason::invalid_field, "invalid_field"},
    {Reason::invalid_timestamp, "invalid_timestamp"},
    {Reason::implausible_time, "implausible_time"},
    {Reason::contract_violation, "contract_violation"},
    {Reason::unstorable_text, "unstorable_text"},
    {Reason::unstorable_number, "unstorable_number"},
    {Reason::tombstone, "tombstone"},
    {Reason::rejected, "rejected"},
    {Reason::dropped, "dropped"},
};

class ReasonName : public testing::TestWithParam<Row> {};
TEST_P(ReasonName, IsWhatUsersSee)
{
    EXPECT_EQ(name(GetParam().reason), GetParam().name);
}
TEST_P(ReasonName, LeadsBack)
{
    EXPECT_EQ(reason_named(GetParam().name), GetParam().reason);
}
INSTANTIATE_TEST_SUITE_P(All, ReasonName, testing::ValuesIn(rows),
                         [](const auto &info) { return info.param.reason == Reason::none ? "none" : info.param.name; });

TEST(Reason, NoOtherTextNamesOne)
{
    for (const char *text : {"Too_large", "too_large ", "too", "unknown", "accepted"})
        EXPECT_EQ(reason_named(text), Reason::none) << text;
}

TEST(Reason, EnumeratorsStandInTheOrderOfPrecedence)
{
    for (std::size_t i = 1; i < std::size(rows); ++i) EXPECT_LT(rows[i - 1].reason, rows[i].reason) << rows[i].name;
}

TEST(Refusal, IsSetWhenItHasAReason)
{
    EXPECT_FALSE(Refusal{});
    EXPECT_TRUE((Refusal{Reason::tombstone, ""}));
}

} // namespace
} // namespace analytics::core
