/* Problem details: the bytes, members and headers. */
#include "../../../http/server/problem.hpp"

#include <gtest/gtest.h>

namespace analytics::http {
namespace {

using Header = std::pair<std::string, std::string>;

TEST(ProblemJson, hasAllSixMembers)
{
    EXPECT_EQ(response_of({.status = 404, .detail = "no such resource"}).body,
              R"({"type":"about:blank","title":"Not Found","status":404,"detail":"no such resource","code":null,)"
              R"("errors":[]})");
}

TEST(ProblemJson, namesWhatIsWrong)
{
    const Response made = response_of({.status = 422,
                                       .detail = "bad parameter",
                                       .code = "22023",
                                       .errors = {{.field = "limit", .reason = {}, .detail = "must be"},
                                                  {.field = {}, .reason = "too_deep", .detail = "at byte 3"}}});
    EXPECT_EQ(made.body,
              R"({"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"bad parameter",)"
              R"("code":"22023","errors":[{"field":"limit","detail":"must be"},)"
              R"({"reason":"too_deep","detail":"at byte 3"}]})");
}

TEST(ProblemJson, hasItsOwnMediaType)
{
    EXPECT_EQ(response_of({.status = 400, .detail = "x"}).content_type, "application/problem+json");
}

TEST(ProblemJson, escapesWhatItRepeats)
{
    const Response made =
        response_of({.status = 422, .detail = "x", .errors = {{.field = "a\"\r\n\x01", .reason = {}, .detail = "y"}}});
    EXPECT_NE(made.body.find(R"("field":"a\"\r\n\u0001")"), std::string::npos) << made.body;
}

TEST(ProblemHeaders, allowComesWithItsMethods)
{
    const Response made = response_of({.status = 405, .detail = "x", .allow = "GET, HEAD"});
    EXPECT_EQ(made.headers, (std::vector<Header>{{"Allow", "GET, HEAD"}}));
}

TEST(ProblemHeaders, retryAfterIsInSeconds)
{
    const Response made = response_of({.status = 503, .detail = "x", .retry_after = 2});
    EXPECT_EQ(made.headers, (std::vector<Header>{{"Retry-After", "2"}}));
}

TEST(ProblemHeaders, areNoneOtherwise)
{
    EXPECT_TRUE(response_of({.status = 500, .detail = "x"}).headers.empty());
}

class Titles : public testing::TestWithParam<int> {};

TEST_P(Titles, areKnownForEveryStatusThatWeAnswer)
{
    EXPECT_NE(title(GetParam()), "Unknown");
}

INSTANTIATE_TEST_SUITE_P(All, Titles,
                         testing::Values(400, 403, 404, 405, 408, 409, 411, 413, 414, 415, 417, 422, 431, 500, 503, 504,
                                         505));

} // namespace
} // namespace analytics::http
