/* The one way out: who is answered at all, and what is done to every answer: entity tags, gzip and CORS. */
#include "../../../http/server/responder.hpp"

#include "../../../http/server/digest.hpp"
#include "../../../http/server/gzip.hpp"

#include <gtest/gtest.h>
#include <random>
#include <zlib.h>

namespace analytics::http {
namespace {

Response through(const Request &request, Response response, const char *origins = "")
{
    const Responder responder([&](const Request &) { return response; }, runtime::HostNames("", "127.0.0.1"),
                              Cors(origins));
    return responder.finish(request, std::get<Response>(responder.begin(request)));
}

std::string header(const Response &response, std::string_view name)
{
    std::string found;
    for (const auto &[known, value] : response.headers)
        if (known == name) found += (found.empty() ? "" : ", ") + value;
    return found;
}

Response kept(std::string body)
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
    Response response = kept("made at 12:00");
    response.tag = "same";
    EXPECT_EQ(header(through({"GET", "/", "", "", ""}, response), "ETag"), "W/\"same\"");
}

TEST(Tag, thatTheClientHasIs304WithoutABody)
{
    const std::string tag = "W/\"" + digest("one") + "\"";
    for (const std::string_view method : {"GET", "HEAD"}) {
        const Response made = through({.method = method, .if_none_match = tag}, kept("one"));
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
    const Response made = through({.method = "GET", .accept_encoding = "gzip"}, kept(body));
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
        const Response made = through({.method = "GET", .accept_encoding = "gzip"}, {.body = body});
        EXPECT_EQ(header(made, "Content-Encoding"), "");
        EXPECT_TRUE(made.body == body);
    }
}

TEST(Gzip, madeBeforehandIsUsedAsItIs)
{
    Response response = kept("body");
    response.gzip = "compressed";
    EXPECT_EQ(through({.method = "GET", .accept_encoding = "gzip"}, response).content(), "compressed");
    EXPECT_EQ(through({.method = "GET"}, response).content(), "body");
}

TEST(Asset, isNeverCopied)
{
    static const std::string bytes(100'000, 'x');
    Response response = kept("");
    response.asset = bytes;
    response.gzip = "compressed";
    EXPECT_EQ(through({.method = "GET"}, response).content().data(), bytes.data());
    EXPECT_EQ(through({.method = "GET", .accept_encoding = "gzip"}, response).content().data(), response.gzip.data());
    const std::string tag = header(through({.method = "GET"}, response), "ETag");
    EXPECT_EQ(through({.method = "GET", .if_none_match = tag}, response).content(), "");
}

constexpr const char *listed = "https://a.example, http://b:3000";

TEST(Cors, isOffUnlessAskedFor)
{
    const Response made = through({.method = "GET", .origin = "https://a.example"}, kept("x"));
    for (const auto &[name, value] : made.headers) EXPECT_FALSE(name.starts_with("Access-Control")) << name;
}

TEST(Cors, isForTheListedOriginsAlone)
{
    for (const std::string_view origin : {"https://a.example", "http://b:3000"}) {
        const Response made = through({.method = "GET", .origin = origin}, kept("x"), listed);
        EXPECT_EQ(header(made, "Access-Control-Allow-Origin"), origin);
        EXPECT_NE(header(made, "Access-Control-Expose-Headers").find("Link"), std::string::npos);
        EXPECT_EQ(header(made, "Vary"), "Accept-Encoding, Origin");
    }
    for (const std::string_view origin : {"https://a.example:8443", "http://a.example", "https://a.example.evil",
                                          "null", "HTTPS://a.example", "https://a.example, http://b:3000", ""}) {
        const Response made = through({.method = "GET", .origin = origin}, kept("x"), listed);
        EXPECT_EQ(header(made, "Access-Control-Allow-Origin"), "") << origin;
        EXPECT_EQ(header(made, "Vary"), "Accept-Encoding, Origin") << "a cache must keep them apart";
    }
}

TEST(Cors, ofAnybodyVariesWithNobody)
{
    const Response made = through({.method = "GET", .origin = "https://any.example"}, kept("x"), "*");
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
    const Response options{.status = 204, .body = {}, .headers = {{"Allow", "POST, OPTIONS"}}};
    const Request preflight{.method = "OPTIONS", .origin = "https://a.example", .requested_method = "POST"};
    const Response made = through(preflight, options, listed);
    EXPECT_EQ(made.status, 204);
    EXPECT_EQ(header(made, "Access-Control-Allow-Methods"), "POST, OPTIONS");
    EXPECT_NE(header(made, "Access-Control-Allow-Headers").find("Content-Type"), std::string::npos);
    EXPECT_NE(header(made, "Access-Control-Allow-Headers").find("Last-Event-ID"), std::string::npos);
    const Request stranger{.method = "OPTIONS", .origin = "https://c.example", .requested_method = "POST"};
    EXPECT_EQ(header(through(stranger, options, listed), "Access-Control-Allow-Methods"), "");
}

TEST(Cors, isSentWithARefusalToo)
{
    const Responder responder([](const Request &) { return Response{}; }, runtime::HostNames("", "::1"), Cors(listed));
    const Request request{.method = "POST", .origin = "https://a.example"};
    const Response made = responder.refuse({.status = 413, .detail = "too long"}, request);
    EXPECT_EQ(made.status, 413);
    EXPECT_EQ(header(made, "Access-Control-Allow-Origin"), "https://a.example");
    EXPECT_EQ(header(made, "Vary"), "Origin");
}

int status(const Request &request, const char *origins = "")
{
    return through(request, {.status = 204, .body = {}}, origins).status;
}

TEST(Hosts, thatAreNotOursAreMisdirected)
{
    for (const std::string_view method : {"GET", "HEAD", "POST", "OPTIONS", "BREW"}) {
        EXPECT_EQ(status({.method = method, .authority = "localhost:8000"}), 204) << method;
        EXPECT_EQ(status({.method = method, .authority = "evil.example"}), 421) << method;
    }
    EXPECT_EQ(status({.method = "GET"}), 204) << "HTTP/1.0 alone can be silent";
}

struct Sent {
    const char *method;
    const char *origin;
    const char *fetch_site;
    int status;
};

class ForeignPages : public testing::TestWithParam<Sent> {};

TEST_P(ForeignPages, changeNothing)
{
    const Request request{.method = GetParam().method,
                          .origin = GetParam().origin,
                          .authority = "localhost:8000",
                          .fetch_site = GetParam().fetch_site};
    EXPECT_EQ(status(request, listed), GetParam().status)
        << GetParam().method << ' ' << GetParam().origin << ' ' << GetParam().fetch_site;
}

INSTANTIATE_TEST_SUITE_P(
    All, ForeignPages,
    testing::Values(
        Sent{"POST", "", "", 204}, Sent{"POST", "http://localhost:8000", "same-origin", 204},
        Sent{"POST", "https://localhost:8000", "", 204}, Sent{"POST", "", "same-origin", 204},
        Sent{"POST", "", "none", 204}, Sent{"POST", "http://evil.example", "", 403},
        Sent{"POST", "http://evil.example", "cross-site", 403}, Sent{"POST", "", "cross-site", 403},
        Sent{"POST", "", "same-site", 403}, Sent{"POST", "", "anything", 403}, Sent{"POST", "null", "", 403},
        Sent{"POST", "http://localhost", "", 403}, Sent{"POST", "http://localhost:3000", "same-site", 403},
        Sent{"POST", "http://127.0.0.1:8000", "", 403}, Sent{"POST", "http://localhost:8000", "cross-site", 403},
        Sent{"POST", "http://localhost:8000.evil.example", "", 403},
        Sent{"POST", "http://localhost:8000@evil", "", 403}, Sent{"POST", "localhost:8000", "", 403},
        Sent{"POST", "https://a.example", "cross-site", 204}, Sent{"POST", "http://a.example", "cross-site", 403},
        Sent{"PUT", "http://evil.example", "", 403}, Sent{"DELETE", "", "cross-site", 403},
        Sent{"BREW", "", "cross-site", 403}, Sent{"post", "null", "", 403},
        Sent{"GET", "http://evil.example", "cross-site", 204}, Sent{"HEAD", "null", "cross-site", 204},
        Sent{"OPTIONS", "http://evil.example", "cross-site", 204}));

TEST(ForeignPages, areOursBehindAProxyThatSpeaksTls)
{
    const auto sent = [](std::string_view origin, std::string_view host) {
        return Cors("").is_foreign_change({.method = "POST", .origin = origin, .authority = host});
    };
    EXPECT_FALSE(sent("https://a.example", "a.example"));
    EXPECT_FALSE(sent("https://a.example", "A.example:443"));
    EXPECT_FALSE(sent("http://a.example:80", "a.example"));
    EXPECT_FALSE(sent("http://[::1]:8000", "[0::1]:8000"));
    EXPECT_TRUE(sent("https://a.example", "a.example:80"));
    EXPECT_TRUE(sent("http://a.example:8000", "a.example"));
    EXPECT_TRUE(sent("https://a.example", "")) << "HTTP/1.0 without a host";
}

TEST(ForeignPages, areAllowedByTheStar)
{
    EXPECT_EQ(status({.method = "POST", .origin = "https://any.example", .fetch_site = "cross-site"}, "*"), 204);
}

/* A copy for each of several requests, which share the bytes. */
TEST(Sharing, isOfTheBytesAndTheTag)
{
    const std::string body(5'000, 'x');
    const Response alone = through({.method = "GET", .accept_encoding = "gzip"}, kept(body));
    for (const bool compressed : {true, false}) {
        Response shared = kept(body);
        Responder::share(shared, compressed);
        const Response plain = through({.method = "GET"}, shared);
        EXPECT_EQ(plain.content(), body);
        EXPECT_EQ(plain.content().data(), shared.content().data()) << "not copied";
        EXPECT_EQ(plain.headers, through({.method = "GET"}, kept(body)).headers);
        const Response smaller = through({.method = "GET", .accept_encoding = "gzip"}, shared);
        EXPECT_EQ(gunzip(smaller.content(), body.size()), body);
        EXPECT_EQ(smaller.headers, alone.headers);
        EXPECT_EQ(smaller.content().data() == shared.gzip.data(), compressed) << "compressed once";
        const std::string tag = header(plain, "ETag");
        const Response unchanged = through({.method = "GET", .if_none_match = tag}, shared);
        EXPECT_EQ(unchanged.status, 304);
        EXPECT_EQ(unchanged.content(), "");
    }
}

TEST(Sharing, leavesAnAssetWhereItIs)
{
    Response asset;
    asset.asset = "asset";
    asset.gzip = "smaller";
    Responder::share(asset, true);
    EXPECT_EQ(asset.content(), "asset");
    EXPECT_EQ(asset.shared, nullptr);
}

} // namespace
} // namespace analytics::http
