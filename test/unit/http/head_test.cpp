/* Heads of requests: what RFC 9112 lets a client write is read, everything else has its status. */
#include "../../../http/server/head.hpp"

#include <gtest/gtest.h>

namespace analytics::http {
namespace {

constexpr HeadLimits limits{.max_target = 100, .max_bytes = 4'096, .max_fields = 64, .max_body = 1'000};

std::string get(std::string_view fields)
{
    return "GET / HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + "\r\n";
}
std::string post(std::string_view fields)
{
    return "POST / HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + "\r\n";
}

std::string fields(int count)
{
    std::string out;
    for (int i = 0; i < count; ++i) out += "F" + std::to_string(i) + ": v\r\n";
    return out;
}

struct Case {
    std::string bytes;
    int status; // 0: read
};

class HeadIsJudged : public testing::TestWithParam<Case> {};

TEST_P(HeadIsJudged, asItShould)
{
    const auto problem = read_head(GetParam().bytes, limits).problem;
    EXPECT_EQ(problem ? problem->status : 0, GetParam().status) << GetParam().bytes << (problem ? problem->detail : "");
}

INSTANTIATE_TEST_SUITE_P(
    RequestLine, HeadIsJudged,
    testing::Values(Case{get(""), 0}, Case{"GET / HTTP/1.0\r\n\r\n", 0}, Case{"GET / HTTP/1.1\r\n\r\n", 400},
                    Case{"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505}, Case{"GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505},
                    Case{"GET / http/1.1\r\nHost: x\r\n\r\n", 400}, Case{"GET /\r\nHost: x\r\n\r\n", 400},
                    Case{"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400}, Case{"GET / a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
                    Case{"G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400}, Case{"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 0},
                    Case{"GET http://x/y HTTP/1.1\r\nHost: x\r\n\r\n", 0},
                    Case{"GET y HTTP/1.1\r\nHost: x\r\n\r\n", 400}, Case{"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 0},
                    Case{"GET /#f HTTP/1.1\r\nHost: x\r\n\r\n", 400},
                    Case{"GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
                    Case{"GET /a?b?c HTTP/1.1\r\nHost: x\r\n\r\n", 0},
                    Case{"GET /" + std::string(99, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 0},
                    Case{"GET /" + std::string(100, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
                    Case{"GET / HTTP/1.1\nHost: x\r\n\r\n", 400}, Case{"GET /\r HTTP/1.1\r\nHost: x\r\n\r\n", 400},
                    Case{"\r\n", 400}));

INSTANTIATE_TEST_SUITE_P(
    Fields, HeadIsJudged,
    testing::Values(Case{get("A: b\r\n"), 0}, Case{get("A:b\r\n"), 0}, Case{get("A:\r\n"), 0},
                    Case{get("A: \t b \t\r\n"), 0}, Case{get("A: \xc3\xa4\r\n"), 0}, Case{get("A : b\r\n"), 400},
                    Case{get(" A: b\r\n"), 400}, Case{get("A: b\r\n folded\r\n"), 400}, Case{get("A b\r\n"), 400},
                    Case{get(": b\r\n"), 400}, Case{get("A: b\n"), 400}, Case{get("A: b\rc\r\n"), 400},
                    Case{get(std::string("A: b\0c\r\n", 8)), 400}, Case{get("A: \x7f\r\n"), 400},
                    Case{get("Host: y\r\n"), 400}, Case{get("hOsT: x\r\n"), 400}, Case{get(fields(63)), 0},
                    Case{get(fields(64)), 431}, Case{get("Content-Type: a\r\nContent-Type: a\r\n"), 400},
                    Case{get("Expect: 200-ok\r\n"), 417}, Case{get("Expect: 100-continue\r\nExpect: 200-ok\r\n"), 417},
                    Case{get("Expect: 100-continue\r\nExpect: 100-continue\r\n"), 0},
                    Case{get("Origin: http://x\r\nOrigin: http://y\r\n"), 400},
                    Case{get("Authorization: a\r\nAuthorization: a\r\n"), 400},
                    Case{get("Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n"), 400},
                    Case{get("Access-Control-Request-Method: GET\r\nAccess-Control-Request-Method: POST\r\n"), 400}));

std::string with_host(std::string_view host)
{
    return "GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    Hosts, HeadIsJudged,
    testing::Values(Case{with_host("x"), 0}, Case{with_host("X.Example.:8000"), 0}, Case{with_host("[::1]:80"), 0},
                    Case{with_host("x:"), 0}, Case{with_host(""), 400}, Case{with_host("a@b"), 400},
                    Case{with_host("a b"), 400}, Case{with_host("a,b"), 400}, Case{with_host("a/b"), 400},
                    Case{with_host("a:b"), 400}, Case{with_host("a:65536"), 400}, Case{with_host("a:80:80"), 400},
                    Case{with_host("[::1"), 400}, Case{with_host("[::1]x"), 400}, Case{with_host("[x]"), 400},
                    Case{with_host("::1"), 400}, Case{with_host("%6cocalhost"), 400}, Case{with_host("\xc3\xa4"), 400},
                    Case{"GET http://a@b/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
                    Case{"GET http:///p HTTP/1.1\r\nHost: x\r\n\r\n", 400}, Case{"GET http://b HTTP/1.1\r\n\r\n", 400},
                    Case{"GET ftp://b/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
                    Case{"GET / HTTP/1.0\r\nHost: a@b\r\n\r\n", 400}));

INSTANTIATE_TEST_SUITE_P(
    Bodies, HeadIsJudged,
    testing::Values(Case{post("Content-Length: 0\r\n"), 0}, Case{post("Content-Length: 1000\r\n"), 0},
                    Case{post("Content-Length: 1001\r\n"), 413},
                    Case{post("Content-Length: 99999999999999999999999\r\n"), 413}, Case{post(""), 411},
                    Case{post("Content-Length:\r\n"), 400}, Case{post("Content-Length: -1\r\n"), 400},
                    Case{post("Content-Length: +1\r\n"), 400}, Case{post("Content-Length: 1 0\r\n"), 400},
                    Case{post("Content-Length: 0x1\r\n"), 400}, Case{post("Content-Length: 1, 1\r\n"), 400},
                    Case{post("Content-Length: 1\r\nContent-Length: 1\r\n"), 400},
                    Case{post("Content-Length: 1\r\ncontent-length: 2\r\n"), 400},
                    Case{post("Transfer-Encoding: chunked\r\n"), 411},
                    Case{post("Transfer-Encoding: identity\r\n"), 411},
                    Case{post("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"), 400},
                    Case{post("Content-Length: 1\r\ntRANSFER-eNCODING: x\r\n"), 400},
                    Case{post("Content-Length: 1\r\nContent-Encoding: gzip\r\n"), 415},
                    Case{post("Content-Length: 1\r\nContent-Encoding: identity\r\n"), 0},
                    Case{post("Content-Length: 1\r\nContent-Encoding: identity\r\nContent-Encoding: br\r\n"), 415},
                    Case{get("Content-Length: 0\r\n"), 0}, Case{get("Content-Length: 5\r\n"), 400},
                    Case{get("Transfer-Encoding: chunked\r\n"), 411}, Case{"PUT / HTTP/1.1\r\nHost: x\r\n\r\n", 0},
                    Case{"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n", 0}));

Head read(const std::string &bytes)
{
    HeadResult reading = read_head(bytes, limits);
    EXPECT_FALSE(reading.problem) << bytes;
    return reading.head;
}

TEST(Head, tellsItsParts)
{
    const std::string bytes = "POST /p/q?a=b?c HTTP/1.1\r\nHost: x\r\ncontent-type:  a/b \r\nContent-Length: 7\r\n\r\n";
    const Head head = read(bytes);
    EXPECT_EQ(head.method, "POST");
    EXPECT_EQ(head.path(), "/p/q");
    EXPECT_EQ(head.query(), "a=b?c");
    EXPECT_EQ(head.content_type, "a/b");
    EXPECT_EQ(head.content_length, 7U);
}

struct Absolute {
    std::string line;
    std::string_view authority;
    std::string_view path;
    std::string_view query;
};

class AbsoluteForm : public testing::TestWithParam<Absolute> {};

TEST_P(AbsoluteForm, namesTheHostItself)
{
    const std::string bytes = GetParam().line + " HTTP/1.1\r\nHost: x\r\n\r\n";
    const Head head = read(bytes);
    EXPECT_EQ(head.authority, GetParam().authority);
    EXPECT_EQ(head.path(), GetParam().path);
    EXPECT_EQ(head.query(), GetParam().query);
}

INSTANTIATE_TEST_SUITE_P(All, AbsoluteForm,
                         testing::Values(Absolute{"GET http://proxy:80/p?q", "proxy:80", "/p", "q"},
                                         Absolute{"GET HTTP://Proxy/", "Proxy", "/", ""},
                                         Absolute{"GET https://proxy/p", "proxy", "/p", ""},
                                         Absolute{"GET http://proxy", "proxy", "/", ""},
                                         Absolute{"GET http://proxy?q", "proxy", "/", "q"},
                                         Absolute{"OPTIONS http://proxy", "proxy", "*", ""},
                                         Absolute{"GET /http://proxy/", "x", "/http://proxy/", ""}));

TEST(Head, joinsTheLinesOfAList)
{
    const std::string bytes = get("If-None-Match: \"a\"\r\nAccept-Encoding: br\r\nif-none-match: W/\"b\"\r\n"
                                  "Accept-Encoding: gzip;q=0.5\r\nConnection: keep-alive\r\nConnection: close\r\n"
                                  "Accept: text/html\r\nLast-Event-ID: 17.1\r\nACCEPT: */*\r\n");
    const Head head = read(bytes);
    EXPECT_EQ(head.if_none_match, "\"a\", W/\"b\"");
    EXPECT_EQ(head.accept_encoding, "br, gzip;q=0.5");
    EXPECT_EQ(head.accept, "text/html, */*");
    EXPECT_EQ(head.last_event_id, "17.1");
    EXPECT_TRUE(head.is_last);
}

TEST(Head, ofARefusedRequestTellsWhatItsAnswerNeeds)
{
    const std::string bytes = post("A : b\r\nOrigin: https://a.example\r\nContent-Length: x\r\n");
    const HeadResult reading = read_head(bytes, limits);
    ASSERT_TRUE(reading.problem);
    EXPECT_EQ(reading.head.method, "POST");
    EXPECT_EQ(reading.head.origin, "https://a.example");
    const HeadResult cut = read_head("GET /p HTTP/1.1\r\nOrigin: https://a.example\r\nAccept: ", limits);
    ASSERT_TRUE(cut.problem);
    EXPECT_EQ(cut.head.origin, "https://a.example");
}

struct Last {
    std::string bytes;
    bool is_last;
};

class Lasts : public testing::TestWithParam<Last> {};

TEST_P(Lasts, areSeen)
{
    EXPECT_EQ(read(GetParam().bytes).is_last, GetParam().is_last) << GetParam().bytes;
}

INSTANTIATE_TEST_SUITE_P(All, Lasts,
                         testing::Values(Last{get(""), false}, Last{get("Connection: keep-alive\r\n"), false},
                                         Last{get("Connection: close\r\n"), true},
                                         Last{get("Connection: Close\r\n"), true},
                                         Last{get("Connection: a, close ,b\r\n"), true},
                                         Last{get("Connection: closed\r\n"), false},
                                         Last{get("Connection: close\r\nConnection: keep-alive\r\n"), true},
                                         Last{"GET / HTTP/1.0\r\n\r\n", true}));

TEST(Continue, isExpectedOnlyWithABody)
{
    EXPECT_TRUE(read(post("Content-Length: 1\r\nExpect: 100-Continue\r\n")).expects_continue);
    EXPECT_FALSE(read(post("Content-Length: 0\r\nExpect: 100-continue\r\n")).expects_continue);
    EXPECT_FALSE(read(post("Content-Length: 1\r\n")).expects_continue);
}

struct Size {
    std::string_view buffer;
    std::size_t size;
};

class Sizes : public testing::TestWithParam<Size> {};

TEST_P(Sizes, endAtTheEmptyLine)
{
    EXPECT_EQ(head_size(GetParam().buffer), GetParam().size);
}

TEST(Sizes, areFoundWhereTheLastLookEnded)
{
    const std::string_view buffer = "G\r\nA: b\r\n\r\nbody";
    for (std::size_t seen = 0; seen < 11; ++seen) EXPECT_EQ(head_size(buffer, seen), 11U) << seen;
}

INSTANTIATE_TEST_SUITE_P(All, Sizes,
                         testing::Values(Size{"", 0}, Size{"G", 0}, Size{"G\r\n", 0}, Size{"G\r\nA: b\r\n", 0},
                                         Size{"G\r\nA: b\r\n\r", 0}, Size{"G\r\n\r\n", 5},
                                         Size{"G\r\nA: b\r\n\r\nbody\r\n\r\n", 11}, Size{"G\n\nbody", 3},
                                         Size{"G\r\n\nbody", 4}, Size{"G\n\r\nbody", 4}));

} // namespace
} // namespace analytics::http
