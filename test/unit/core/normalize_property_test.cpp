/* The normalizer compared with its oracle, on random records made of what matters: members that decide, values that are
 * just right or just wrong, duplicates, any order. */
#include "normalize_oracle.hpp"
#include "seed.hpp"
#include "shipped_shapes.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace analytics::core {
namespace {

/** The names that any rule speaks of, and one that none does. */
std::vector<std::string> names_of(const Shapes &shapes)
{
    std::vector<std::string> names{"eventType", "source", "payload", "occurredAt", "tenantId", "eventId", "other"};
    for (const Shape &shape : shapes) {
        for (const auto *list : {&shape.required, &shape.not_null, &shape.null_or_absent})
            names.insert(names.end(), list->begin(), list->end());
        for (const MemberPath &key : shape.key_members) names.push_back(key.tokens.front());
        for (const MemberPath *path : {&shape.tenant_member, &shape.time_member, &shape.payload_member})
            if (!path->empty()) names.push_back(path->tokens.front());
        if (!shape.iso_member.empty()) names.push_back(shape.iso_member);
    }
    return names;
}

/** Shapes that take from paths, and compare values. */
Shapes shapes_of_paths()
{
    return {{.name = "paths",
             .source = "s",
             .tenant_id = "constant",
             .event_type_member = "/data/0/kind",
             .required = {"data"},
             .conditions = read_conditions(R"({"level": [1, 2.50], "/data/1": [true, "yes", -10]})"),
             .time_member = "/data/0/at",
             .iso_member = "iso",
             .key_members = {"/data/0/~1~0", "level"},
             .payload_member = "/data/0"},
            {.name = "optional",
             .event_type = "t",
             .source_member = "source",
             .tenant_member = "/data/tenant",
             .conditions = read_conditions(R"({"specversion": ["0.3"]})"),
             .time_member = "time",
             .time_optional = true,
             .iso_member = "timeIso",
             .payload_member = "data"}};
}

class Generator {
public:
    Generator(std::mt19937_64 &random, const Shapes &shapes)
        : random_(random), shapes_(shapes), names_(names_of(shapes))
    {
    }

    std::string record()
    {
        std::vector<std::string> members;
        if (one_in(2))
            for (const char *name : {"eventType", "source", "payload"}) members.emplace_back(name);
        else
            wish(any(shapes_), members);
        if (one_in(4)) members.erase(members.begin() + static_cast<std::ptrdiff_t>(random_() % members.size()));
        for (std::size_t more = random_() % 5; more > 0; --more) members.push_back(any(names_));
        std::shuffle(members.begin(), members.end(), random_);
        std::string json;
        for (const std::string &name : members) json += (json.empty() ? "\"" : ",\"") + name + "\":" + value(name);
        return "{" + json + "}";
    }

private:
    bool one_in(std::uint64_t chances) { return random_() % chances == 0; }
    template <class T> const T &any(const std::vector<T> &list) { return list[random_() % list.size()]; }

    static void wish(const Shape &shape, std::vector<std::string> &members)
    {
        members = shape.required;
        for (const Condition &condition : shape.conditions)
            if (const std::string &name = condition.member.tokens.front(); name != "data") members.push_back(name);
        if (members.size() < 3) members.insert(members.end(), {"source", "time"});
    }

    /** Mostly what the member wants, sometimes anything. */
    std::string value(const std::string &name)
    {
        static const std::vector<std::string> times{"0",
                                                    "-1.5",
                                                    "\"2025-11-16T18:14:00.5+01\"",
                                                    "[2025,11,16,18,14]",
                                                    "[2025,11,16,18,14,59,999999999]",
                                                    "\"9999-12-31T23:59:60Z\"",
                                                    "\"2016-12-31T23:59:60Z\"",
                                                    "253402300800000000000",
                                                    "[2025,2,29,0,0]"};
        static const std::vector<std::string> payloads{"{}", R"({"eventId":"k"})", R"({"eventId":7,"a":[{}]})",
                                                       R"({"a":1,"eventId":"x","eventId":""})", R"({"eventId":null})"};
        static const std::vector<std::string> others{"null",
                                                     "true",
                                                     "false",
                                                     "[]",
                                                     "{}",
                                                     "\"\"",
                                                     "\"x\"",
                                                     "1.50",
                                                     "\"\\u0000\"",
                                                     "1e200000",
                                                     "\"" + std::string(64, 'n') + "\"",
                                                     "\"" + std::string(65, 'n') + "\"",
                                                     "\"" + std::string(121, 'n') + "\"",
                                                     "\"" + std::string(201, 'n') + "\""};
        static const std::vector<std::string> data{R"([{"kind":"k","at":1,"/~":"a"},true])",
                                                   R"([{"kind":"k","at":"2025-11-16","/~":2,"iso":3},-1e1])",
                                                   R"([{"kind":"k","at":0},"yes"])",
                                                   R"([{"kind":"","at":0},"yes"])",
                                                   R"([{"kind":null,"at":0},"yes"])",
                                                   R"([{"kind":"k","at":null},"yes"])",
                                                   R"([{"at":0},-10])",
                                                   R"({"tenant":"n","a":1})",
                                                   R"({"tenant":7})",
                                                   "[1]"};
        if (one_in(12)) return any(others);
        if (name == "data") return any(data);
        if (name == "specversion") return one_in(2) ? "\"1.0\"" : "\"0.3\"";
        if (name == "level") return one_in(3) ? "3" : one_in(2) ? "1.0" : "25e-1";
        if (name == "payload") return any(payloads);
        if (name.find("occurred") == 0 || name == "timestamp" || name == "registeredAt" || name == "time")
            return any(times);
        return one_in(2) ? "\"text\"" : "42";
    }

    std::mt19937_64 &random_;
    const Shapes &shapes_;
    std::vector<std::string> names_;
};

TEST(NormalizeProperty, AgreesWithTheOracleOnGeneratedRecords)
{
    std::mt19937_64 random = seeded();
    Shapes shapes = shipped_shapes();
    shapes[0].max_future = -1; // its times may be of any year
    shapes[1].max_past = 0;
    for (Shape &shape : shapes_of_paths()) shapes.push_back(std::move(shape));
    const NormalizeOracle::Clock clock{*instant_of_text("2025-11-16T18:14:00Z"), {.max_future = 59'000'000}};
    Normalizer normalizer(shapes, {}, clock.limits);
    Generator generator(random, shapes);
    std::map<std::string, int> seen;
    for (int i = 0; i < 90'000; ++i) {
        const std::string json = generator.record();
        const Verdict &verdict = normalizer.normalize(json, clock.ingested_at);
        const Document &document = normalizer.document();
        const std::string expected =
            NormalizeOracle::judge(value_of(document, 0), document.unstorable().reason, shapes, clock);
        ASSERT_EQ(NormalizeOracle::answer(verdict, document), expected) << json;
        ++seen[verdict.refusal ? std::string(name(verdict.refusal.reason)) : std::string(verdict.shape)];
    }
    EXPECT_EQ(seen.size(), 17U); // canonical, nine shapes, and the seven reasons of records that could be read
    for (const auto &[outcome, count] : seen) EXPECT_GT(count, 50) << outcome;
}

} // namespace
} // namespace analytics::core
