/* The file of keys, and who is refused. */
#include "../../../extension/core/text/hex.hpp"
#include "../../../http/auth/access.hpp"
#include "../../../http/auth/keys.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

namespace analytics::http {
namespace {

constexpr std::string_view abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // of "abc"
const std::string long_key(43, 'k');

std::string line(std::string_view id, std::string_view key, std::string_view rest)
{
    return std::string(id) + " sha256:" + core::hex(sha256(key)) + " " + std::string(rest) + "\n";
}

TEST(Keys, hashesAreSha256)
{
    const std::vector<ApiKey> keys = read_keys("a " + std::string(abc) + " read");
    ASSERT_EQ(keys.size(), 1U);
    EXPECT_EQ(keys[0].hash, sha256("abc"));
}

TEST(Keys, aShortKeyIsNoneWhateverItsHash)
{
    const std::vector<ApiKey> keys = read_keys("a " + std::string(abc) + " read");
    EXPECT_EQ(find_key(keys, "abc"), nullptr);
}

TEST(Keys, eachIsFoundByItself)
{
    const std::string other(43, 'x');
    const std::vector<ApiKey> keys = read_keys(
        "# keys\r\n\n" + line("a", long_key, "read,write tenant=a%20b rate=7 # so") + line("b", other, "admin"));
    ASSERT_EQ(find_key(keys, long_key), &keys[0]);
    EXPECT_EQ(find_key(keys, other), &keys[1]);
    EXPECT_EQ(find_key(keys, std::string(43, 'y')), nullptr);
    EXPECT_EQ(keys[0].tenant, "a b");
    EXPECT_EQ(keys[0].rate, 7);
    EXPECT_TRUE(keys[0].may(Scope::read) && keys[0].may(Scope::write) && !keys[0].may(Scope::admin));
    EXPECT_TRUE(keys[1].may(Scope::admin) && !keys[1].may(Scope::read));
}

TEST(Keys, aFaultNamesItsLine)
{
    try {
        static_cast<void>(read_keys("# one\n\na md5:00 read\n"));
        FAIL();
    } catch (const KeyFault &fault) {
        EXPECT_STREQ(fault.what(), "line 3: the second part must begin with sha256:");
    }
}

class Authorization : public testing::Test {
protected:
    ~Authorization() override { unlink(path_.c_str()); }

    Access access(const std::string &text)
    {
        std::ofstream(path_) << text;
        return Access(path_);
    }

    static int status(const std::variant<Caller, Response> &verdict)
    {
        const Response *response = std::get_if<Response>(&verdict);
        return response == nullptr ? 200 : response->status;
    }

    const std::string path_ = "/tmp/keys_test." + std::to_string(getpid());
    const std::string bearer_ = "Bearer " + long_key;
    const Request request_{.method = "GET", .authorization = bearer_};
};

TEST_F(Authorization, withoutAFileAllIsOpen)
{
    Access open("");
    EXPECT_EQ(status(open.authorize({.method = "GET"}, Scope::admin)), 200);
}

TEST_F(Authorization, aBucketFillsAtItsRateAndNoHigher)
{
    Access keyed = access(line("a", long_key, "read rate=4"));
    const Access::Clock::time_point begin{};
    const auto at = [&](int milliseconds) {
        return status(keyed.authorize(request_, Scope::read, begin + std::chrono::milliseconds(milliseconds)));
    };
    for (int i = 0; i < 4; ++i) EXPECT_EQ(at(0), 200);
    EXPECT_EQ(at(0), 429);
    EXPECT_EQ(at(249), 429);
    EXPECT_EQ(at(251), 200);
    EXPECT_EQ(at(252), 429);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(at(3'600'000), 200);
    EXPECT_EQ(at(3'600'000), 429);
}

TEST_F(Authorization, aRefusedScopeCostsATokenToo)
{
    Access keyed = access(line("a", long_key, "read rate=1"));
    const Access::Clock::time_point now{};
    EXPECT_EQ(status(keyed.authorize(request_, Scope::write, now)), 403);
    EXPECT_EQ(status(keyed.authorize(request_, Scope::read, now)), 429);
}

} // namespace
} // namespace analytics::http
