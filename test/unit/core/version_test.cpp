/* The version that a type's suffix or a member says. */
#include "../../../extension/core/version.hpp"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace analytics::core {
namespace {

/** "type version", or "-". */
std::string suffix_of(std::string_view event_type)
{
    const auto suffix = version_suffix(event_type);
    return suffix ? std::string(suffix->event_type) + " " + std::to_string(suffix->version) : "-";
}

using Texts = std::tuple<const char *, const char *>;

class Suffix : public testing::TestWithParam<Texts> {};
TEST_P(Suffix, IsTakenOffOrIsNone)
{
    EXPECT_EQ(suffix_of(std::get<0>(GetParam())), std::get<1>(GetParam()));
}
INSTANTIATE_TEST_SUITE_P(
    All, Suffix,
    testing::Values(Texts{"order.placed.v2", "order.placed 2"}, Texts{"o.v1", "o 1"}, Texts{"o.v10", "o 10"},
                    Texts{"o.v2147483647", "o 2147483647"}, Texts{"o.v2.v3", "o.v2 3"}, Texts{".v1.v2", ".v1 2"},
                    Texts{"ö.v2", "ö 2"}, Texts{"o\n.v2", "o\n 2"}, Texts{"o..v2", "o. 2"}, Texts{"", "-"},
                    Texts{".v2", "-"}, Texts{"v2", "-"}, Texts{"o.v", "-"}, Texts{"o.v0", "-"}, Texts{"o.v02", "-"},
                    Texts{"o.v2147483648", "-"}, Texts{"o.v99999999999999999999", "-"}, Texts{"o.v-1", "-"},
                    Texts{"o.v+1", "-"}, Texts{"o.v 1", "-"}, Texts{"o.v1 ", "-"}, Texts{"o.V2", "-"},
                    Texts{"o.v2x", "-"}, Texts{"o.v2.", "-"}, Texts{"o.v2.x", "-"}, Texts{"o.v1.5", "-"},
                    Texts{"ov2", "-"}, Texts{"o.v²", "-"}));

Node node_of(Kind kind, std::string_view text)
{
    return {.text = text.data(), .size = static_cast<std::uint32_t>(text.size()), .kind = kind};
}

using NumberRow = std::tuple<const char *, Version>; // 0: none

class NumberVersion : public testing::TestWithParam<NumberRow> {};
TEST_P(NumberVersion, IsByValue)
{
    const Node node = node_of(Kind::number, std::get<0>(GetParam()));
    EXPECT_EQ(version_of_number(node).value_or(0), std::get<1>(GetParam()));
    EXPECT_EQ(version_of_member(node).value_or(0), std::get<1>(GetParam()));
}
INSTANTIATE_TEST_SUITE_P(All, NumberVersion,
                         testing::Values(NumberRow{"1", 1}, NumberRow{"2.0", 2}, NumberRow{"20e-1", 2},
                                         NumberRow{"1E3", 1000}, NumberRow{"0.2e1", 2},
                                         NumberRow{"2147483647", 2147483647}, NumberRow{"2147483647.000", 2147483647},
                                         NumberRow{"0", 0}, NumberRow{"-0", 0}, NumberRow{"-1", 0},
                                         NumberRow{"-1.0", 0}, NumberRow{"1.5", 0}, NumberRow{"2147483648", 0},
                                         NumberRow{"2147483648e0", 0}, NumberRow{"99999999999999999999", 0},
                                         NumberRow{"1e131071", 0}, NumberRow{"1e200000", 0}, NumberRow{"1e-5", 0},
                                         NumberRow{"0.0", 0}));

TEST(MemberVersion, MayBeATextOfDigits)
{
    EXPECT_EQ(version_of_member(node_of(Kind::string, "12")), 12);
    for (const char *text : {"", "0", "01", "1.0", "v1", " 1", "-1", "2147483648"})
        EXPECT_FALSE(version_of_member(node_of(Kind::string, text))) << text;
}

TEST(MemberVersion, OtherKindsHaveNone)
{
    for (const Kind kind : {Kind::null, Kind::boolean_true, Kind::array, Kind::object}) {
        EXPECT_FALSE(version_of_member({.kind = kind}));
        EXPECT_FALSE(version_of_number({.kind = kind}));
    }
    EXPECT_FALSE(version_of_number(node_of(Kind::string, "1")));
}

} // namespace
} // namespace analytics::core
