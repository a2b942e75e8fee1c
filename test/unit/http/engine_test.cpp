/* What goes out: cpp-httplib writes it, so these are the promises that we make of its bytes. */
#include "../../../http/engine.hpp"

#include "../../../http/problem.hpp"

#include <ctime>
#include <gtest/gtest.h>
#include <stdexcept>

namespace analytics::http {
namespace {

Answer echo(const Call &call)
{
    return {.status = 201, .body = std::string(call.body), .headers = {{"X-Path", std::string(call.path)}}};
}

Reply respond(std::string_view method, std::string body, bool is_last, Engine::Handler handler = echo)
{
    Engine engine(std::move(handler));
    const Head head{.method = method, .target = "/p?q"};
    return engine.respond(head, std::move(body), [&] { return is_last; });
}

TEST(Reply, isTheHandlersAnswer)
{
    const Reply reply = respond("POST", "{}", false);
    EXPECT_TRUE(reply.bytes.starts_with("HTTP/1.1 201 Created\r\n")) << reply.bytes;
    EXPECT_TRUE(reply.bytes.ends_with("\r\n\r\n{}")) << reply.bytes;
    EXPECT_NE(reply.bytes.find("\r\nContent-Length: 2\r\n"), std::string::npos) << reply.bytes;
    EXPECT_NE(reply.bytes.find("\r\nContent-Type: application/json\r\n"), std::string::npos) << reply.bytes;
    EXPECT_NE(reply.bytes.find("\r\nX-Path: /p\r\n"), std::string::npos) << reply.bytes;
    EXPECT_EQ(reply.status, 201);
    EXPECT_EQ(reply.body_size, 2U);
}

TEST(Reply, saysWhen)
{
    const Reply reply = respond("GET", "x", false);
    const std::size_t at = reply.bytes.find("\r\nDate: ");
    ASSERT_NE(at, std::string::npos) << reply.bytes;
    std::tm parts{};
    const char *end = strptime(reply.bytes.c_str() + at + 8, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    ASSERT_NE(end, nullptr) << reply.bytes;
    EXPECT_EQ(std::string_view(end, 2), "\r\n");
    EXPECT_NEAR(static_cast<double>(timegm(&parts)), static_cast<double>(std::time(nullptr)), 5);
}

TEST(Reply, toHeadHasTheLengthAndNoBody)
{
    const Reply reply = respond("HEAD", "12345", false);
    EXPECT_NE(reply.bytes.find("\r\nContent-Length: 5\r\n"), std::string::npos) << reply.bytes;
    EXPECT_TRUE(reply.bytes.ends_with("\r\n\r\n")) << reply.bytes;
    EXPECT_EQ(reply.bytes.find("Accept-Ranges"), std::string::npos) << reply.bytes;
}

TEST(Reply, saysWhenTheConnectionEnds)
{
    EXPECT_NE(respond("GET", "x", true).bytes.find("\r\nConnection: close\r\n"), std::string::npos);
    EXPECT_EQ(respond("GET", "x", false).bytes.find("Connection: close"), std::string::npos);
}

TEST(Reply, toAnUnknownMethodGoesThroughTheHandlerToo)
{
    const Reply reply =
        respond("BREW", "", false, [](const Call &call) { return Answer{.body = std::string(call.method)}; });
    EXPECT_TRUE(reply.bytes.ends_with("\r\n\r\nBREW")) << reply.bytes;
}

TEST(Reply, holdsNothingOfAnException)
{
    const Reply reply =
        respond("GET", "", false, [](const Call &) -> Answer { throw std::runtime_error("secret\r\nX: y"); });
    EXPECT_TRUE(reply.bytes.starts_with("HTTP/1.1 500 ")) << reply.bytes;
    EXPECT_EQ(reply.bytes.find("secret"), std::string::npos) << reply.bytes;
    EXPECT_EQ(reply.bytes.find("EXCEPTION"), std::string::npos) << reply.bytes;
}

TEST(Reply, canNotBeSplitByAHeadersValue)
{
    const Reply reply = respond("GET", "", false, [](const Call &) {
        return Answer{.body = "x", .headers = {{"Link", "a\r\nSet-Cookie: b"}}};
    });
    EXPECT_EQ(reply.bytes.find("Set-Cookie"), std::string::npos) << reply.bytes;
}

TEST(Reply, ofNothingSpeaksOfNoBody)
{
    for (const int status : {204, 304}) {
        const Reply reply = respond("GET", "", false, [&](const Call &) {
            return Answer{.status = status, .body = {}, .headers = {{"ETag", "W/\"x\""}}};
        });
        EXPECT_TRUE(reply.bytes.ends_with("\r\n\r\n")) << reply.bytes;
        for (const char *name : {"\nContent-Length", "\nContent-Type", "\nTransfer-Encoding"})
            EXPECT_EQ(reply.bytes.find(name), std::string::npos) << reply.bytes;
        EXPECT_NE(reply.bytes.find("\r\nETag: W/\"x\"\r\n"), std::string::npos) << reply.bytes;
    }
}

TEST(Reply, saysWhoMayKeepIt)
{
    const std::pair<Caching, const char *> cases[] = {{Caching::none, "no-store"},
                                                      {Caching::validated, "private, no-cache"},
                                                      {Caching::immutable, "public, max-age=31536000, immutable"}};
    for (const auto &[caching, told] : cases) {
        const Reply reply =
            respond("GET", "", false, [&](const Call &) { return Answer{.body = "x", .caching = caching}; });
        EXPECT_NE(reply.bytes.find("\r\nCache-Control: " + std::string(told) + "\r\n"), std::string::npos)
            << reply.bytes;
    }
}

TEST(Refusal, isAProblemAndEndsTheConnection)
{
    Engine engine(echo);
    const Reply reply = engine.refuse(answer({.status = 413, .detail = "too long"}));
    EXPECT_TRUE(reply.bytes.starts_with("HTTP/1.1 413 ")) << reply.bytes;
    EXPECT_NE(reply.bytes.find("\r\nConnection: close\r\n"), std::string::npos) << reply.bytes;
    EXPECT_NE(reply.bytes.find("\r\nContent-Type: application/problem+json\r\n"), std::string::npos) << reply.bytes;
    EXPECT_EQ(reply.status, 413);
}

} // namespace
} // namespace analytics::http
