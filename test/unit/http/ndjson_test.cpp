/* Lines into records; and the media types that say how a body is cut. */
#include "../../../http/api/ndjson.hpp"

#include "../../../http/api/media_type.hpp"

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
    MediaType type;
};

class Types : public testing::TestWithParam<Type> {};

TEST_P(Types, areToldApart)
{
    EXPECT_EQ(media_type_of(GetParam().text), GetParam().type) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    All, Types,
    testing::Values(Type{"application/json", MediaType::json}, Type{"Application/JSON", MediaType::json},
                    Type{"application/json; charset=utf-8", MediaType::json},
                    Type{"application/json;charset=\"UTF-8\"", MediaType::json},
                    Type{"application/json ; profile=x", MediaType::json},
                    Type{"application/x-ndjson", MediaType::ndjson},
                    Type{"application/json; charset=iso-8859-1", MediaType::json},
                    Type{"application/json; CHARSET=\"UTF-16\"; charset=", MediaType::json},
                    Type{"application/json;", MediaType::json}, Type{"application/json;;=\"", MediaType::json},
                    Type{"Application/X-NDJSON;charset=latin1", MediaType::ndjson},
                    Type{"text/plain; application/json", MediaType::other},
                    Type{"application/json, text/plain", MediaType::other}, Type{"application/jsonp", MediaType::other},
                    Type{"application/jso", MediaType::other}, Type{"text/json", MediaType::other},
                    Type{"application/problem+json", MediaType::other},
                    Type{"application/x-www-form-urlencoded", MediaType::other}, Type{"*/*", MediaType::other},
                    Type{"", MediaType::other}, Type{";", MediaType::other}));

} // namespace
} // namespace analytics::http
