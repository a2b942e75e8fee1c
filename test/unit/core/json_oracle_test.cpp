/* The reader compared with the oracle on mutated events: the same reason, and a sound tape, whatever the bytes. */
#include "json_oracle.hpp"
#include "seed.hpp"
#include "tape.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>

namespace analytics::core {
namespace {

constexpr std::array<std::string_view, 5> seeds = {
    R"({"eventType":"a.b","source":"s","occurredAt":"2025-11-16T18:14:00Z","payload":{"n":[1,-2.50,3e5,0],"t":true}})",
    R"({"userId":"8d3c","email":"m@example.com","registeredAt":[2025,11,16,18,14,3,123456789],)"
    R"("p":null,"q":"\u00e9\n"})",
    R"([{"a":{"b":[[],{},[{}]]}},"\uD83D\uDE00 \\ \/ \"",1.0000000000e-2147483639,"\u0000",false])",
    "[\"Mar\xC3\xAD"
    "a \xE2\x82\xAC \xF0\x9F\x98\x80\",12345678901234567890,1E+308,-0.0e-0,{\"\":\"\"}]",
    " { \"a\" : [ 1 , 2 ] ,\t\"a\" : \"x\\uDC00y\" }\r\n",
};

constexpr std::string_view splinters = "{}[],:\"\\/ubn0123456789eE+-.tfulDdC8c \t\n\r\xED\xC3\xFF\x01";

std::string mutated(std::mt19937_64 &random)
{
    const auto below = [&random](std::size_t bound) { return random() % bound; };
    std::string text(seeds.at(below(seeds.size())));
    for (std::size_t times = below(5); times > 0; --times) {
        const std::size_t at = below(text.size() + 1);
        switch (below(5)) {
        case 0:
            text.insert(at, 1, splinters[below(splinters.size())]);
            break;
        case 1:
            text.erase(at, 1 + below(3));
            break;
        case 2:
            if (at < text.size()) text[at] = splinters[below(splinters.size())];
            break;
        case 3:
            text.insert(at, text.substr(below(text.size() + 1), below(12)));
            break;
        default:
            text.insert(at, 1, static_cast<char>(below(256)));
        }
        if (text.empty()) text = "0";
    }
    return text;
}

TEST(JsonOracle, AgreesOnMutatedEvents)
{
    std::mt19937_64 random = seeded();
    std::map<Reason, int> seen;
    Document document;
    for (int i = 0; i < 200'000; ++i) {
        const std::string text = mutated(random);
        const Limits limits{.max_bytes = 125, .max_depth = static_cast<std::uint32_t>(2 + random() % 5)};
        const Judgement expected = JsonOracle::judge(text, limits);
        const Refusal refusal = document.read(text, limits);
        ASSERT_EQ(name(refusal.reason), name(expected.reason)) << shown(text) << " " << refusal.detail;
        ++seen[expected.reason == Reason::none ? expected.unstorable : expected.reason];
        if (refusal) continue;
        ASSERT_EQ(name(document.unstorable().reason), name(expected.unstorable)) << shown(text);
        ASSERT_EQ(tape_fault(document), "") << shown(text);
    }
    for (const Reason reason : {Reason::none, Reason::too_large, Reason::invalid_utf8, Reason::invalid_json,
                                Reason::too_deep, Reason::unstorable_text, Reason::unstorable_number})
        EXPECT_GT(seen[reason], 100) << "the mutations no longer reach " << name(reason);
}

} // namespace
} // namespace analytics::core
