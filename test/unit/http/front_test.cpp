/* What is done to every answer: entity tags, gzip and CORS. */
#include "../../../http/front.hpp"

#include "../../../http/digest.hpp"
#include "../../../http/gzip.hpp"

#include <gtest/gtest.h>
#include <random>
#include <zlib.h>

namespace analytics::http {
namespace {

Answer through(const Call &call, Answer answer, const char *origins = "")
{
    return Front([&](const Call &) { return answer; }, Cors(origins))(call);
}

std::string header(const Answer &answer, std::string_view name)
{
    std::string found;
    for (const auto &[known, value] : answer.headers)
        if (known == name) found += (found.empty() ? "" : ", ") + value;
    return found;
}

Answer kept(std::string body)
{
    return {.body = std::move(body), .caching = Caching::validated};
}

std::string gunzip(std::string_view bytes, std::size_t size)
{
    std::string out(size, '\0');
    z_stream stream{};
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef *>(out.data());
    stream.avail_out = static_cast<uInt>(size);
    EXPECT_EQ(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    inflateEnd(&stream);
    return out;
}

TEST(Tag, isOfTheBodyAndWeak)
{
    const std::string tag = header(through({"GET", "/", "", "", ""}, kept("one")), "ETag");
    EXPECT_EQ(tag, "W/\"" + digest("one") + "\"");
    EXPECT_NE(tag, header(through({"GET", "/", "", "", ""}, kept("two")), "ETag"));
    EXPECT_EQ(digest("abc"), "ba7816bf8f01cfea414140de5dae2223") << "FIPS 180-2, B.1";
}

TEST(Tag, ofTheAnswersOwnCountsWhenItBringsOne)
{
    Answer answer = kept("made at 12:00");
    answer.tag = "same";
    EXPECT_EQ(header(through({"GET", "/", "", "", ""}, answer), "ETag"), "W/\"same\"");
}

TEST(Tag, thatTheClientHasIs304WithoutABody)
{
    const std::string tag = "W/\"" + digest("one") + "\"";
    for (const std::string_view method : {"GET", "HEAD"}) {
        const Answer made = through({.method = method, .if_none_match = tag}, kept("one"));
        EXPECT_EQ(made.status, 304);
        EXPECT_EQ(made.body, "");
        EXPECT_EQ(header(made, "ETag"), tag);
        EXPECT_EQ(header(made, "Vary"), "Accept-Encoding");
    }
    EXPECT_EQ(through({.method = "GET", .if_none_match = tag}, kept("two")).status, 200);
}

TEST(Tag, isForWhatMayBeKeptAlone)
{
    EXPECT_EQ(header(through({"GET", "/", "", "", ""}, {.body = "x"}), "ETag"), "");
    EXPECT_EQ(through({.method = "GET", .if_none_match = "*"}, {.body = "x"}).status, 200);
    EXPECT_EQ(header(through({"POST", "/", "", "", ""}, kept("x")), "ETag"), "");
}

TEST(Tag, isFoundInAList)
{
    for (const std::string_view list : {"\"a\"", "W/\"a\"", "\"b\", \"a\"", "W/\"b\",W/\"a\"", "*", " * "})
        EXPECT_TRUE(names_tag(list, "a")) << list;
    for (const std::string_view list : {"", "a", "\"b\"", "\"aa\"", "\"b\", \"c\"", "\"b\"a\"c\"", "**"})
        EXPECT_FALSE(names_tag(list, "a")) << list;
}

TEST(Gzip, isTakenByWhoSaysSo)
{
    for (const std::string_view accept :
         {"gzip", "GZIP", "x-gzip", "deflate, gzip", "gzip;q=0.1", "br;q=1.0, gzip;q=0.5", "*", "gzip ; q=1"})
        EXPECT_TRUE(takes_gzip(accept)) << accept;
    for (const std::string_view accept :
         {"", "identity", "br", "gzip;q=0", "gzip;q=0.000", "gzip ; Q=0", "*;q=0", "*, gzip;q=0", "gzipped"})
        EXPECT_FALSE(takes_gzip(accept)) << accept;
}

TEST(Gzip, isTheBodyAgain)
{
    std::string body;
    for (int i = 0; i < 1'000; ++i) body += "{\"n\":" + std::to_string(i) + "},";
    const Answer made = through({.method = "GET", .accept_encoding = "gzip"}, kept(body));
    EXPECT_EQ(header(made, "Content-Encoding"), "gzip");
    EXPECT_EQ(header(made, "Vary"), "Accept-Encoding");
    EXPECT_LT(made.body.size(), body.size() / 3);
    EXPECT_EQ(gunzip(made.body, body.size()), body);
}

TEST(Gzip, keepsTheTag)
{
    const std::string body(10'000, 'x');
    EXPECT_EQ(header(through({.method = "GET", .accept_encoding = "gzip"}, kept(body)), "ETag"),
              header(through({.method = "GET"}, kept(body)), "ETag"));
}

TEST(Gzip, leavesAloneWhatItCanNotShrink)
{
    std::mt19937_64 random(20'261'124);
    std::string noise(100'000, '\0');
    for (char &c : noise) c = static_cast<char>(random());
    for (const std::string &body :
         {noise, std::string(min_compressed - 1, 'x'), std::string(max_compressed + 1, 'x')}) {
        const Answer made = through({.method = "GET", .accept_encoding = "gzip"}, {.body = body});
        EXPECT_EQ(header(made, "Content-Encoding"), "");
        EXPECT_TRUE(made.body == body);
    }
}

TEST(Gzip, madeBeforehandIsUsedAsItIs)
{
    Answer answer = kept("body");
    answer.gzip = "compressed";
    EXPECT_EQ(through({.method = "GET", .accept_encoding = "gzip"}, answer).body, "compressed");
    EXPECT_EQ(through({.method = "GET"}, answer).body, "body");
}

constexpr const char *listed = "https://a.example, http://b:3000";

TEST(Cors, isOffUnlessAskedFor)
{
    const Answer made = through({.method = "GET", .origin = "https://a.example"}, kept("x"));
    for (const auto &[name, value] : made.headers) EXPECT_FALSE(name.starts_with("Access-Control")) << name;
}

TEST(Cors, isForTheListedOriginsAlone)
{
    for (const std::string_view origin : {"https://a.example", "http://b:3000"}) {
        const Answer made = through({.method = "GET", .origin = origin}, kept("x"), listed);
        EXPECT_EQ(header(made, "Access-Control-Allow-Origin"), origin);
        EXPECT_NE(header(made, "Access-Control-Expose-Headers").find("Link"), std::string::npos);
        EXPECT_EQ(header(made, "Vary"), "Accept-Encoding, Origin");
    }
    for (const std::string_view origin : {"https://a.example:8443", "http://a.example", "https://a.example.evil",
                                          "null", "HTTPS://a.example", "https://a.example, http://b:3000", ""}) {
        const Answer made = through({.method = "GET", .origin = origin}, kept("x"), listed);
        EXPECT_EQ(header(made, "Access-Control-Allow-Origin"), "") << origin;
        EXPECT_EQ(header(made, "Vary"), "Accept-Encoding, Origin") << "a cache must tell them apart";
    }
}

TEST(Cors, ofAnybodyVariesWithNobody)
{
    const Answer made = through({.method = "GET", .origin = "https://any.example"}, kept("x"), "*");
    EXPECT_EQ(header(made, "Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(header(made, "Vary"), "Accept-Encoding");
}

TEST(Cors, neverAllowsCredentials)
{
    for (const char *origins : {listed, "*"})
        EXPECT_EQ(header(through({.method = "GET", .origin = "https://a.example"}, kept("x"), origins),
                         "Access-Control-Allow-Credentials"),
                  "");
}

TEST(Cors, answersAPreflightByWhatTheResourceAllows)
{
    const Answer options{.status = 204, .body = {}, .headers = {{"Allow", "POST, OPTIONS"}}};
    const Call preflight{.method = "OPTIONS", .origin = "https://a.example", .requested_method = "POST"};
    const Answer made = through(preflight, options, listed);
    EXPECT_EQ(made.status, 204);
    EXPECT_EQ(header(made, "Access-Control-Allow-Methods"), "POST, OPTIONS");
    EXPECT_NE(header(made, "Access-Control-Allow-Headers").find("Content-Type"), std::string::npos);
    const Call stranger{.method = "OPTIONS", .origin = "https://c.example", .requested_method = "POST"};
    EXPECT_EQ(header(through(stranger, options, listed), "Access-Control-Allow-Methods"), "");
}

} // namespace
} // namespace analytics::http
