/* An answer's head, byte by byte. */
#include "../../../http/server/response_head.hpp"

#include <ctime>
#include <gtest/gtest.h>

namespace analytics::http {
namespace {

TEST(Response, beginsWithItsStatusAndEndsWithAnEmptyLine)
{
    const std::string head = response_head({.status = 201, .body = "{}", .headers = {{"X-Path", "/p"}}}, false);
    EXPECT_TRUE(head.starts_with("HTTP/1.1 201 Created\r\n")) << head;
    EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
    for (const char *field : {"Content-Length: 2", "Content-Type: application/json", "X-Path: /p",
                              "X-Content-Type-Options: nosniff", "Cache-Control: no-store"})
        EXPECT_NE(head.find("\r\n" + std::string(field) + "\r\n"), std::string::npos) << field << '\n' << head;
}

TEST(Response, saysWhen)
{
    const std::string head = response_head({.body = "x"}, false);
    const std::size_t at = head.find("\r\nDate: ");
    ASSERT_NE(at, std::string::npos) << head;
    std::tm parts{};
    const char *end = strptime(head.c_str() + at + 8, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    ASSERT_NE(end, nullptr) << head;
    EXPECT_EQ(std::string_view(end, 2), "\r\n");
    EXPECT_NEAR(static_cast<double>(timegm(&parts)), static_cast<double>(std::time(nullptr)), 5);
}

TEST(Response, hasNoLengthWhereItGoesOn)
{
    EXPECT_EQ(response_head({.body = "", .goes_on = true}, true).find("Content-Length"), std::string::npos);
    EXPECT_NE(response_head({.body = ""}, true).find("\r\nContent-Length: 0\r\n"), std::string::npos);
}

TEST(Response, saysWhenTheConnectionEnds)
{
    EXPECT_NE(response_head({.body = "x"}, true).find("\r\nConnection: close\r\n"), std::string::npos);
    EXPECT_EQ(response_head({.body = "x"}, false).find("Connection: close"), std::string::npos);
}

TEST(Response, countsWhatIsSent)
{
    Response response{.body = {}};
    EXPECT_NE(response_head(response, false).find("\r\nContent-Length: 0\r\n"), std::string::npos);
    response.asset = "12345";
    EXPECT_NE(response_head(response, false).find("\r\nContent-Length: 5\r\n"), std::string::npos);
}

TEST(Response, canNotBeSplitByAFieldsValue)
{
    for (const char *value : {"a\r\nSet-Cookie: b", "a\nSet-Cookie: b", "a\rSet-Cookie: b"}) {
        const std::string head = response_head({.body = "x", .headers = {{"Link", value}}}, false);
        EXPECT_EQ(head.find("Set-Cookie"), std::string::npos) << head;
    }
}

TEST(Response, ofNothingSpeaksOfNoContent)
{
    for (const int status : {204, 304}) {
        const std::string head = response_head({.status = status, .body = {}, .headers = {{"ETag", "W/\"x\""}}}, false);
        for (const char *name : {"\nContent-Length", "\nContent-Type", "\nTransfer-Encoding"})
            EXPECT_EQ(head.find(name), std::string::npos) << head;
        EXPECT_NE(head.find("\r\nETag: W/\"x\"\r\n"), std::string::npos) << head;
        EXPECT_FALSE(has_content(status));
    }
}

TEST(Response, saysWhoMayKeepIt)
{
    const std::pair<Caching, const char *> cases[] = {{Caching::none, "no-store"},
                                                      {Caching::validated, "private, no-cache"},
                                                      {Caching::immutable, "public, max-age=31536000, immutable"}};
    for (const auto &[caching, shown] : cases) {
        const std::string head = response_head({.body = "x", .caching = caching}, false);
        EXPECT_NE(head.find("\r\nCache-Control: " + std::string(shown) + "\r\n"), std::string::npos) << head;
    }
}

} // namespace
} // namespace analytics::http
