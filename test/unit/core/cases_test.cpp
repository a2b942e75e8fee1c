/* The sixty cases of test/data/normalize_cases.ndjson, through the core. The same file goes through SQL as well.
 *
 * A line is {"name", "input", "expect"}; expect is {"reason"} or what must come out: occurred_at null means the
 * ingestion time; payload is the whole stored payload; payload_adds are members beside all of the input's. A case
 * that is silent about event_key expects none of a canonical record, and some key of a shape's. */
#include "../../../extension/core/normalize.hpp"

#include "shipped_shapes.hpp"
#include "value.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <string>
#include <vector>

namespace analytics::core {
namespace {

struct Case {
    std::string name, input;
    Value expect;

    const Value *expected(const char *member) const
    {
        const auto found = expect.members.find(member);
        return found == expect.members.end() ? nullptr : &found->second;
    }
};

void PrintTo(const Case &c, std::ostream *out)
{
    *out << c.input;
}

std::vector<Case> cases()
{
    std::vector<Case> all;
    std::ifstream file("test/data/normalize_cases.ndjson");
    for (std::string line; std::getline(file, line);) {
        Value value = parsed(line);
        all.push_back({value.members.at("name").text, value.members.at("input").text, value.members.at("expect")});
    }
    return all;
}

Value text_or_null(std::optional<std::string_view> text)
{
    Value value;
    if (text) {
        value.kind = Kind::string;
        value.text = *text;
    }
    return value;
}

/** What is stored when the case does not say it whole: a shape's record, or a canonical one's payload. */
Value expected_payload(const Case &c)
{
    if (const Value *whole = c.expected("payload")) return *whole;
    const Value record = parsed(c.input);
    Value payload = c.expected("shape")->text == "canonical" ? record.members.at("payload") : record;
    if (const Value *added = c.expected("payload_adds"))
        for (const auto &[name, value] : added->members) payload.members.insert_or_assign(name, value);
    return payload;
}

class SharedCase : public testing::TestWithParam<Case> {};

TEST_P(SharedCase, ComesOutAsExpected)
{
    const Case &c = GetParam();
    const Shapes shapes = shipped_shapes();
    Normalizer normalizer(shapes, Limits{});
    const Verdict &verdict = normalizer.normalize(c.input);

    if (const Value *reason = c.expected("reason")) {
        EXPECT_EQ(name(verdict.refusal.reason), reason->text);
        EXPECT_FALSE(verdict.refusal.detail.empty());
        return;
    }
    ASSERT_FALSE(verdict.refusal) << verdict.refusal.detail;
    EXPECT_EQ(verdict.shape, c.expected("shape")->text);
    EXPECT_EQ(verdict.event_type, c.expected("event_type")->text);
    EXPECT_EQ(verdict.source, c.expected("source")->text);
    const IsoText time = iso8601(verdict.occurred_at.value_or(0));
    EXPECT_EQ(text_or_null(verdict.occurred_at ? std::optional(time.view()) : std::nullopt),
              *c.expected("occurred_at"));
    EXPECT_EQ(text_or_null(verdict.tenant_id), *c.expected("tenant_id"));
    if (const Value *key = c.expected("event_key"))
        EXPECT_EQ(verdict.key, std::vector<std::string_view>{key->text});
    else
        EXPECT_EQ(verdict.has_key, verdict.shape != "canonical");
    Value payload = value_of(normalizer.document(), verdict.payload);
    Value expected = expected_payload(c);
    if (verdict.shape != "canonical" && c.expected("payload_adds") == nullptr) {
        ASSERT_EQ(payload.members.size(), expected.members.size() + 1); // the ISO member, which the case leaves out
        expected.members.insert_or_assign(std::string(verdict.payload.added().front().name), text_or_null(time.view()));
    }
    EXPECT_EQ(payload, expected);
}

INSTANTIATE_TEST_SUITE_P(Normalize, SharedCase, testing::ValuesIn(cases()), [](const auto &info) {
    std::string name = info.param.name;
    for (char &c : name)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    return name;
});

TEST(SharedCases, AreAllThere)
{
    EXPECT_EQ(cases().size(), 60U);
}

} // namespace
} // namespace analytics::core
