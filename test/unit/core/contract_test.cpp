/* Versions and contracts in the normalizer: which version an event has, what a registered type changes, and what is
 * refused. Single cases, and random records with random contracts, compared with the oracle. */
#include "../../../extension/core/error.hpp"

#include "normalize_oracle.hpp"
#include "seed.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace analytics::core {
namespace {

constexpr Instant noon = 1'763'294'400'000'000;

const Shapes &shapes()
{
    static const Shapes all{{.name = "constant",
                             .event_type = "o.p",
                             .source = "s",
                             .required = {"c"},
                             .time_member = "c",
                             .iso_member = "cIso",
                             .version = 3},
                            {.name = "path",
                             .source = "s",
                             .event_type_member = "t",
                             .required = {"t"},
                             .payload_member = "d",
                             .version_member = "/m/version"},
                            {.name = "iso",
                             .event_type = "o.p",
                             .source = "s",
                             .required = {"i"},
                             .time_member = "i",
                             .iso_member = "version"}};
    return all;
}

std::string canonical(const std::string &type, const std::string &payload)
{
    return R"({"eventType":")" + type + R"(","source":"s","payload":)" + payload + "}";
}

/** "type payload", or the refusal. */
std::string event_of(const std::string &record, std::vector<Contract> list,
                     ContractMode unregistered = ContractMode::accept, IngestionTime ingested = noon)
{
    const Contracts contracts(std::move(list));
    Normalizer normalizer(shapes(), {}, {}, {&contracts, unregistered});
    const Verdict &verdict = normalizer.normalize(record, ingested);
    if (verdict.refusal) return verdict_text(verdict, normalizer.document());
    return std::string(verdict.event_type) + " " + printed(value_of(normalizer.document(), verdict.payload));
}

const std::vector<Contract> registered{{.event_type = "o.p", .version = 1}};

TEST(Version, SuffixOfARegisteredTypeBecomesAMember)
{
    EXPECT_EQ(event_of(canonical("o.p.v2", R"({"a":1})"), registered), R"(o.p {"a":1,"version":2})");
}

TEST(Version, SuffixReplacesAVersionThatThePayloadSays)
{
    for (const char *own : {"7", "\"x\"", "null", "2"})
        EXPECT_EQ(event_of(canonical("o.p.v2", R"({"version":)" + std::string(own) + "}"), registered),
                  R"(o.p {"version":2})");
}

TEST(Version, RegisteredTypeWithoutASuffixStaysAsItIs)
{
    for (const char *payload : {"{}", R"({"version":2.0})", R"({"version":"2"})", R"({"version":-1})"})
        EXPECT_EQ(event_of(canonical("o.p", payload), registered), std::string("o.p ") + payload);
}

TEST(Version, UnregisteredTypeStaysAsItIs)
{
    EXPECT_EQ(event_of(canonical("o.q.v2", R"({"a":1})"), registered), R"(o.q.v2 {"a":1})");
    EXPECT_EQ(event_of(canonical("o.p.v2.v3", "{}"), registered), "o.p.v2.v3 {}");
    EXPECT_EQ(event_of(canonical("o.p.v02", "{}"), registered), "o.p.v02 {}");
}

TEST(Version, ShapeSaysItWhereNothingElseDoes)
{
    EXPECT_EQ(event_of(R"({"c":0})", {}), R"(o.p {"c":0,"cIso":"1970-01-01T00:00:00Z","version":3})");
    EXPECT_EQ(event_of(R"({"c":0,"version":5})", {}), R"(o.p {"c":0,"cIso":"1970-01-01T00:00:00Z","version":5})");
    EXPECT_EQ(event_of(R"({"t":"x","m":{"version":"4"},"d":{}})", {}), R"(x {"version":4})");
    EXPECT_EQ(event_of(R"({"t":"x","m":{"version":"four"},"d":{}})", {}), "x {}");
    EXPECT_EQ(event_of(R"({"t":"o.p.v2","m":{"version":4},"d":{}})", registered), R"(o.p {"version":2})");
    EXPECT_EQ(event_of(R"({"t":"o.q.v2","m":{"version":4},"d":{}})", registered), "o.q.v2 {}");
}

TEST(Version, TimeUnderTheNameOfTheVersionIsNone)
{
    const std::vector<Contract> over{{.event_type = "o.p", .version = 1, .mode = ContractMode::refuse}};
    EXPECT_EQ(event_of(R"({"i":0,"version":2})", over),
              "contract_violation: \"\" version: expected a version other than 1");
}

TEST(Contract, RefusedVersionIsOver)
{
    const std::vector<Contract> over{{.event_type = "o.p", .version = 1, .mode = ContractMode::refuse},
                                     {.event_type = "o.p", .version = 2}};
    EXPECT_EQ(event_of(canonical("o.p", "{}"), over),
              "contract_violation: \"\" version: expected a version other than 1");
    EXPECT_EQ(event_of(canonical("o.p.v1", "{}"), over),
              "contract_violation: \"\" version: expected a version other than 1");
    EXPECT_EQ(event_of(canonical("o.p", R"({"version":1.0})"), over),
              "contract_violation: \"\" version: expected a version other than 1");
    EXPECT_EQ(event_of(canonical("o.p.v2", "{}"), over), R"(o.p {"version":2})");
    EXPECT_EQ(event_of(canonical("o.p.v3", "{}"), over), R"(o.p {"version":3})");
}

TEST(Contract, HoldsFromItsTimeOn)
{
    const std::vector<Contract> later{{"o.p", 1, ContractMode::refuse, noon}};
    EXPECT_EQ(event_of(canonical("o.p", "{}"), later, ContractMode::accept, noon - 1), "o.p {}");
    EXPECT_EQ(event_of(canonical("o.p", "{}"), later, ContractMode::accept, {noon - 1, false}), "o.p {}");
    EXPECT_NE(event_of(canonical("o.p", "{}"), later, ContractMode::accept, noon), "o.p {}");
    EXPECT_NE(event_of(canonical("o.p", "{}"), later, ContractMode::accept, {noon, false}), "o.p {}");
}

TEST(Contract, UnregisteredTypesAndVersionsMayBeRefused)
{
    const std::vector<Contract> two{{.event_type = "o.p", .version = 2}};
    EXPECT_EQ(event_of(canonical("o.p.v2", "{}"), two, ContractMode::refuse), R"(o.p {"version":2})");
    EXPECT_EQ(event_of(canonical("o.p", "{}"), two, ContractMode::refuse),
              "contract_violation: \"\" version: expected a version that has a contract");
    EXPECT_EQ(event_of(canonical("o.q", "{}"), two, ContractMode::refuse),
              "contract_violation: \"\" eventType: expected a type that has a contract");
    EXPECT_EQ(event_of(canonical("o.q", "{}"), {}, ContractMode::refuse),
              "contract_violation: \"\" eventType: expected a type that has a contract");
}

/** A contract with a schema. */
Contract contract_with(ContractMode mode, std::string_view schema, Version version = 1)
{
    return {.event_type = "o.p",
            .version = version,
            .mode = mode,
            .schema = std::make_shared<const ContractSchema>(schema)};
}

TEST(Enforced, PayloadIsJudgedAsItIsStored)
{
    constexpr std::string_view schema =
        R"({"properties":{"cIso":{"const":"1970-01-01T00:00:00Z"},"version":{"const":3}},)"
        R"("required":["cIso","version"]})";
    const std::vector<Contract> contracts{contract_with(ContractMode::enforce, schema, 3)};
    EXPECT_EQ(event_of(R"({"c":0,"cIso":"x"})", contracts), R"(o.p {"c":0,"cIso":"1970-01-01T00:00:00Z","version":3})");
    EXPECT_EQ(event_of(R"({"c":1})", contracts),
              "contract_violation: \"/cIso\" const: expected \"1970-01-01T00:00:00Z\"");
    EXPECT_EQ(event_of(canonical("o.p.v3", R"({"cIso":"1970-01-01T00:00:00Z","version":"x"})"), contracts),
              R"(o.p {"cIso":"1970-01-01T00:00:00Z","version":3})");
    EXPECT_EQ(event_of(canonical("o.p.v3", "{}"), contracts), "contract_violation: \"\" required: expected cIso");
}

TEST(Enforced, DetailNeverHoldsTheValue)
{
    const std::vector<Contract> contracts{
        contract_with(ContractMode::enforce, R"({"properties":{"a":{"pattern":"^x$"},"b":{"maximum":1}}})")};
    EXPECT_EQ(event_of(canonical("o.p", R"({"a":"s3cret"})"), contracts),
              "contract_violation: \"/a\" pattern: expected ^x$");
    EXPECT_EQ(event_of(canonical("o.p", R"({"b":4711})"), contracts), "contract_violation: \"/b\" maximum: expected 1");
}

TEST(Enforced, ComesBeforeWhatCannotBeStored)
{
    const std::vector<Contract> contracts{contract_with(ContractMode::enforce, R"({"required":["a"]})")};
    EXPECT_EQ(event_of(canonical("o.p", R"({"b":"\u0000"})"), contracts).substr(0, 18), "contract_violation");
    EXPECT_EQ(event_of(canonical("o.p", R"({"a":"\u0000"})"), contracts).substr(0, 15), "unstorable_text");
}

TEST(Enforced, HoldsFromItsTimeOn)
{
    std::vector<Contract> contracts{contract_with(ContractMode::enforce, "false")};
    contracts[0].valid_from = noon;
    EXPECT_EQ(event_of(canonical("o.p", "{}"), contracts, ContractMode::accept, noon - 1), "o.p {}");
    EXPECT_NE(event_of(canonical("o.p", "{}"), contracts, ContractMode::accept, noon), "o.p {}");
}

/** "version pointer keyword", or "-". */
std::string observed_in(const std::string &record, std::vector<Contract> list,
                        ContractMode unregistered = ContractMode::accept)
{
    const Contracts contracts(std::move(list));
    Normalizer normalizer(shapes(), {}, {}, {&contracts, unregistered});
    const Verdict &verdict = normalizer.normalize(record, noon);
    EXPECT_FALSE(verdict.refusal);
    if (!verdict.violation) return "-";
    return std::to_string(verdict.violation->version) + " " + verdict.violation->finding.pointer + " " +
           std::string(verdict.violation->finding.keyword);
}

TEST(Observed, IsAcceptedAndFound)
{
    const std::vector<Contract> contracts{
        contract_with(ContractMode::observe, R"({"properties":{"a":{"items":{"type":"string"}}}})", 2)};
    EXPECT_EQ(observed_in(canonical("o.p.v2", R"({"a":["x",1]})"), contracts), "2 /a/* type");
    EXPECT_EQ(observed_in(canonical("o.p.v2", R"({"a":["x"]})"), contracts), "-");
    EXPECT_EQ(observed_in(canonical("o.p", R"({"a":[1]})"), contracts), "-");
}

TEST(Observed, UnregisteredTypesAndVersions)
{
    EXPECT_EQ(observed_in(canonical("o.q.v4", "{}"), registered, ContractMode::observe), "4  eventType");
    EXPECT_EQ(observed_in(canonical("o.p.v4", "{}"), registered, ContractMode::observe), "4  version");
    EXPECT_EQ(observed_in(canonical("o.p.v1", "{}"), registered, ContractMode::observe), "-");
}

TEST(Observed, NormalizerForgetsTheRecordBefore)
{
    const Contracts contracts({contract_with(ContractMode::observe, R"({"required":["a"]})")});
    Normalizer normalizer(shapes(), {}, {}, {&contracts});
    EXPECT_TRUE(normalizer.normalize(canonical("o.p", "{}")).violation);
    EXPECT_FALSE(normalizer.normalize(canonical("o.p", R"({"a":1})")).violation);
    EXPECT_TRUE(normalizer.normalize(canonical("o.p", "{}")).violation);
    EXPECT_FALSE(normalizer.normalize(canonical("o.q", "{}")).violation);
}

TEST(GeneralPointer, NamesOnlyWhatTheSchemaNames)
{
    const ContractSchema schema(R"({"properties":{"a":{"properties":{"b/~c":{}}},"":{}},
        "$defs":{"x":{"properties":{"deep":{"$ref":"#/$defs/x"}}}},"anyOf":[{"$ref":"#/$defs/x"}]})");
    for (const auto &[pointer, general] : std::vector<std::pair<std::string, std::string>>{
             {"", ""},
             {"/", "/"},
             {"/a", "/a"},
             {"/a/0/b~1~0c", "/a/*/b~1~0c"},
             {"/other/a", "/*/a"},
             {"/0", "/*"},
             {"/a~", "/*"},
             {"/a//", "/a//"},
             {"/deep/deep/deep/deep/deep/deep/deep/deep", "/deep/deep/deep/deep/deep/deep/deep/deep"},
             {"/deep/deep/deep/deep/deep/deep/deep/deep/deep/deep", "/deep/deep/deep/deep/deep/deep/deep/deep/*"}})
        EXPECT_EQ(schema.general_pointer(pointer), general) << pointer;
}

TEST(ContractSchema, ThatIsRefusedThrows)
{
    EXPECT_THROW(ContractSchema("{\"minLength\":-1}"), Corrupt);
    EXPECT_THROW(ContractSchema("{"), Corrupt);
}

class Generator {
public:
    explicit Generator(std::mt19937_64 &random) : random_(random) {}

    std::vector<Contract> contracts()
    {
        std::map<std::pair<std::string, Version>, Contract> all;
        for (std::size_t more = random_() % 6; more > 0; --more) {
            Contract one{
                any({"o.p", "o", "x", "long type with spaces", "o.p.q"}), static_cast<Version>(1 + random_() % 4),
                one_in(2) ? ContractMode::refuse : ContractMode::accept, noon - 1 + std::int64_t(random_() % 3)};
            all.emplace(std::pair{one.event_type, one.version}, one);
        }
        std::vector<Contract> list;
        for (const auto &[key, contract] : all) list.push_back(contract);
        std::shuffle(list.begin(), list.end(), random_);
        return list;
    }

    std::string record()
    {
        const std::string type = any({"o.p", "o", "x", "long type with spaces", "o.q", "v2"}) +
                                 any({"", "", ".v1", ".v2", ".v3", ".v02", ".v", ".v2.v3", ".v2147483648"});
        if (one_in(2)) return canonical(type, payload());
        if (one_in(3)) return R"({"c":0,"version":)" + version() + "}";
        if (one_in(3)) return R"({"i":0,"version":)" + version() + "}";
        return R"({"t":")" + type + R"(","d":)" + payload() + R"(,"m":{"version":)" + version() + "}}";
    }

private:
    bool one_in(std::uint64_t chances) { return random_() % chances == 0; }
    std::string any(const std::vector<std::string> &list) { return list[random_() % list.size()]; }
    std::string version() { return any({"1", "2", "3.0", "30e-1", "0", "-1", "1.5", "\"2\"", "null", "9e9", "true"}); }
    std::string payload()
    {
        if (one_in(4)) return one_in(4) ? "7" : "{}";
        return R"({"a":1,"version":)" + version() + (one_in(3) ? R"(,"version":)" + version() : "") + "}";
    }

    std::mt19937_64 &random_;
};

TEST(ContractProperty, AgreesWithTheOracle)
{
    std::mt19937_64 random = seeded();
    Generator generator(random);
    std::map<std::string, int> seen;
    for (int table = 0; table < 300; ++table) {
        NormalizeOracle::Clock clock{noon, {}, generator.contracts()};
        if (table % 3 == 0) clock.unregistered = ContractMode::refuse;
        const Contracts contracts(clock.contracts);
        Normalizer normalizer(shapes(), {}, {}, {&contracts, clock.unregistered});
        for (int i = 0; i < 100; ++i) {
            const std::string json = generator.record();
            const Verdict &verdict = normalizer.normalize(json, noon);
            const Document &document = normalizer.document();
            const std::string expected =
                NormalizeOracle::judge(value_of(document, 0), document.unstorable().reason, shapes(), clock);
            ASSERT_EQ(NormalizeOracle::answer(verdict, document), expected) << json;
            ++seen[verdict.refusal ? std::string(name(verdict.refusal.reason))
                                   : std::to_string(verdict.payload.added().size()) + " added"];
        }
    }
    for (const char *outcome : {"contract_violation", "invalid_field", "0 added", "1 added", "2 added"})
        EXPECT_GT(seen[outcome], 50) << outcome;
}

} // namespace
} // namespace analytics::core
