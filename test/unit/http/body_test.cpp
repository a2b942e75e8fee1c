/* Lines into records; and the media types that say how a body is cut. */
#include "../../../http/api/body.hpp"

#include <gtest/gtest.h>

namespace analytics::http {
namespace {

using Records = std::vector<std::string_view>;

struct Case {
    std::string_view body;
    Records records;
};

class Lines : public testing::TestWithParam<Case> {};

TEST_P(Lines, thatAreNotBlankAreRecords)
{
    EXPECT_EQ(records_of_lines(GetParam().body, 100), GetParam().records);
}

INSTANTIATE_TEST_SUITE_P(All, Lines,
                         testing::Values(Case{"", {}}, Case{"\n", {}}, Case{"a", {"a"}}, Case{"a\n", {"a"}},
                                         Case{"a\nb", {"a", "b"}}, Case{"a\r\nb\r\n", {"a", "b"}},
                                         Case{"\n\na\n \t\r\n\nb\n\n", {"a", "b"}}, Case{" a ", {" a "}},
                                         Case{"a\rb", {"a\rb"}}, Case{"\xff\n{}", {"\xff", "{}"}},
                                         Case{"{\"a\":\"\xe2\x80\xa8\"}\n", {"{\"a\":\"\xe2\x80\xa8\"}"}}));

TEST(Lines, mayHoldNul)
{
    const std::string_view body("a\0b\nc", 5);
    EXPECT_EQ(records_of_lines(body, 100), (Records{body.substr(0, 3), "c"}));
}

TEST(Lines, areCountedToOneMoreThanAreTaken)
{
    EXPECT_EQ(records_of_lines("1\n2\n3\n", 3).size(), 3U);
    EXPECT_EQ(records_of_lines("1\n2\n3\n4\n", 3).size(), 4U);
    EXPECT_EQ(records_of_lines("1\n2\n3\n4\n5\n6\n", 3).size(), 4U);
}

struct Type {
    const char *text;
    Form form; // of a body that is an object
};

class Types : public testing::TestWithParam<Type> {};

TEST_P(Types, areKnownByName)
{
    EXPECT_EQ(form_of(GetParam().text, "{}"), GetParam().form) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    All, Types,
    testing::Values(
        Type{"application/json", Form::object}, Type{"Application/JSON", Form::object},
        Type{"application/json; charset=utf-8", Form::object}, Type{"application/json;charset=\"UTF-8\"", Form::object},
        Type{"application/json ; profile=x", Form::object}, Type{"application/x-ndjson", Form::lines},
        Type{"application/json; charset=iso-8859-1", Form::object},
        Type{"application/json; CHARSET=\"UTF-16\"; charset=", Form::object}, Type{"application/json;", Form::object},
        Type{"application/json;;=\"", Form::object}, Type{"Application/X-NDJSON;charset=latin1", Form::lines},
        Type{"text/plain; application/json", Form::none}, Type{"application/json, text/plain", Form::none},
        Type{"application/jsonp", Form::none}, Type{"application/jso", Form::none}, Type{"text/json", Form::none},
        Type{"application/problem+json", Form::none}, Type{"application/x-www-form-urlencoded", Form::none},
        Type{"*/*", Form::none}, Type{"", Form::none}, Type{";", Form::none}));

TEST(Json, isAnArrayThatBeginsWithABracket)
{
    EXPECT_EQ(form_of("application/json", " \t\r\n[{}]"), Form::array);
    for (const std::string_view body : {"", "  ", "{}", "\"[\"", "\v["})
        EXPECT_EQ(form_of("application/json", body), Form::object) << body;
}

} // namespace
} // namespace analytics::http
