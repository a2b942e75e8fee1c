/* Accepted records: each rule of the canonical form and of the six shapes, with the whole verdict. */
#include "../../../extension/core/normalize.hpp"

#include "shipped_shapes.hpp"
#include "value.hpp"
#include "verdict_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace analytics::core {
namespace {

struct Accepted {
    const char *name;
    std::string input;
    std::string head;    // the verdict's line up to the payload
    std::string payload; // as JSON
};

void PrintTo(const Accepted &row, std::ostream *out)
{
    *out << row.input;
}

std::string name_of(const testing::TestParamInfo<Accepted> &info)
{
    return info.param.name;
}

class AcceptedRecord : public testing::TestWithParam<Accepted> {};
TEST_P(AcceptedRecord, IsThisEvent)
{
    const Shapes shapes = shipped_shapes();
    Normalizer normalizer(shapes, Limits{});
    const Verdict &verdict = normalizer.normalize(GetParam().input);
    EXPECT_EQ(verdict_text(verdict, normalizer.document()),
              GetParam().head + " " + printed(parsed(GetParam().payload)));
    EXPECT_TRUE(verdict.has_key || verdict.key.empty());
}

std::string repeated(std::size_t count, std::string_view text)
{
    std::string all;
    for (; count > 0; --count) all += text;
    return all;
}

/** A canonical record of type t and source s with an empty payload, and more members behind. */
std::string canonical(std::string_view more)
{
    return R"({"eventType":"t","source":"s","payload":{})" + std::string(more) + "}";
}

std::string canonical_payload(std::string_view payload)
{
    return R"({"eventType":"t","source":"s","payload":)" + std::string(payload) + "}";
}

constexpr const char *plain = "canonical t s - - -";
constexpr const char *grin = R"(\ud83d\ude00)"; // one character, two escapes, four bytes

INSTANTIATE_TEST_SUITE_P(
    Canonical, AcceptedRecord,
    testing::ValuesIn(std::vector<Accepted>{
        {"least", canonical(""), plain, "{}"},
        {"blanks_around", " \t\r\n" + canonical("") + " \t\r\n", plain, "{}"},
        {"members_in_another_order", R"({"payload":{"a":1},"source":"s","eventType":"t"})", plain, R"({"a":1})"},
        {"names_by_escapes", R"({"event\u0054ype":"t","\u0073ource":"s","payloa\u0064":{}})", plain, "{}"},
        {"other_members_ignored", canonical(R"(,"x":1,"y":{"eventType":5},"z":[null])"), plain, "{}"},
        {"members_of_a_shape_ignored", canonical(R"(,"guideId":null,"challengeId":7,"registeredAt":[1])"), plain, "{}"},
        {"blank_is_a_character", R"({"eventType":" ","source":"\t","payload":{}})", "canonical   \t - - -", "{}"},

        {"event_type_of_120", R"({"eventType":")" + repeated(120, "x") + R"(","source":"s","payload":{}})",
         "canonical " + repeated(120, "x") + " s - - -", "{}"},
        {"event_type_of_120_pairs", R"({"eventType":")" + repeated(120, grin) + R"(","source":"s","payload":{}})",
         "canonical " + repeated(120, "😀") + " s - - -", "{}"},
        {"source_of_120", R"({"eventType":"t","source":")" + repeated(120, "x") + R"(","payload":{}})",
         "canonical t " + repeated(120, "x") + " - - -", "{}"},
        {"source_of_120_wide", R"({"eventType":"t","source":")" + repeated(120, "漢") + R"(","payload":{}})",
         "canonical t " + repeated(120, "漢") + " - - -", "{}"},

        {"time_as_text", canonical(R"(,"occurredAt":"2025-11-16t13:14:00,5-05")"),
         "canonical t s 2025-11-16T18:14:00.500000Z - -", "{}"},
        {"time_as_number", canonical(R"(,"occurredAt":1763316840123)"), "canonical t s 2025-11-16T18:14:00.123000Z - -",
         "{}"},
        {"time_as_array", canonical(R"(,"occurredAt":[2025,11,16,18,14])"), "canonical t s 2025-11-16T18:14:00Z - -",
         "{}"},
        {"time_null", canonical(R"(,"occurredAt":null)"), plain, "{}"},
        {"time_last_wins", canonical(R"(,"occurredAt":"now","occurredAt":0)"), "canonical t s 1970-01-01T00:00:00Z - -",
         "{}"},
        {"time_last_null", canonical(R"(,"occurredAt":"now","occurredAt":null)"), plain, "{}"},
        {"time_adds_no_member", canonical_payload(R"({"occurredAt":1})"), plain, R"({"occurredAt":1})"},

        {"tenant", canonical(R"(,"tenantId":"academy")"), R"(canonical t s - "academy" -)", "{}"},
        {"tenant_null", canonical(R"(,"tenantId":null)"), plain, "{}"},
        {"tenant_of_64", canonical(R"(,"tenantId":")" + repeated(64, "n") + "\""),
         "canonical t s - \"" + repeated(64, "n") + "\" -", "{}"},
        {"tenant_of_64_pairs", canonical(R"(,"tenantId":")" + repeated(64, grin) + "\""),
         "canonical t s - \"" + repeated(64, "😀") + "\" -", "{}"},
        {"tenant_last_wins", canonical(R"(,"tenantId":5,"tenantId":"b")"), R"(canonical t s - "b" -)", "{}"},
        {"tenant_in_the_payload_is_payload", canonical_payload(R"({"tenantId":"a"})"), plain, R"({"tenantId":"a"})"},

        {"event_id", canonical(R"(,"eventId":"e-1")"), R"(canonical t s - - ["e-1"])", "{}"},
        {"event_id_of_200", canonical(R"(,"eventId":")" + repeated(200, "é") + "\""),
         "canonical t s - - [\"" + repeated(200, "é") + "\"]", "{}"},
        {"event_id_null", canonical(R"(,"eventId":null)"), plain, "{}"},
        {"event_id_last_wins", canonical(R"(,"eventId":7,"eventId":"b")"), R"(canonical t s - - ["b"])", "{}"},
        {"event_id_of_the_payload", canonical_payload(R"({"eventId":"e-2"})"), R"(canonical t s - - ["e-2"])",
         R"({"eventId":"e-2"})"},
        {"event_id_of_both", R"({"eventId":"top","eventType":"t","source":"s","payload":{"eventId":"low"}})",
         R"(canonical t s - - ["top"])", R"({"eventId":"low"})"},
        {"event_id_null_at_the_top", R"({"eventId":null,"eventType":"t","source":"s","payload":{"eventId":"low"}})",
         R"(canonical t s - - ["low"])", R"({"eventId":"low"})"},
        {"event_id_of_the_payload_of_200", canonical_payload("{\"eventId\":\"" + repeated(200, "k") + "\"}"),
         "canonical t s - - [\"" + repeated(200, "k") + "\"]", "{\"eventId\":\"" + repeated(200, "k") + "\"}"},
        {"event_id_of_the_payload_of_201", canonical_payload("{\"eventId\":\"" + repeated(201, "k") + "\"}"), plain,
         "{\"eventId\":\"" + repeated(201, "k") + "\"}"},
        {"event_id_of_the_payload_empty", canonical_payload(R"({"eventId":""})"), plain, R"({"eventId":""})"},
        {"event_id_of_the_payload_number", canonical_payload(R"({"eventId":7})"), plain, R"({"eventId":7})"},
        {"event_id_of_the_payload_null", canonical_payload(R"({"eventId":null})"), plain, R"({"eventId":null})"},
        {"event_id_of_the_payload_object", canonical_payload(R"({"eventId":{"eventId":"x"}})"), plain,
         R"({"eventId":{"eventId":"x"}})"},
        {"event_id_deeper_in_the_payload", canonical_payload(R"({"a":{"eventId":"x"},"b":["eventId","y"]})"), plain,
         R"({"a":{"eventId":"x"},"b":["eventId","y"]})"},
        {"event_id_of_the_payload_last_wins", canonical_payload(R"({"eventId":"a","b":[1],"eventId":"c"})"),
         R"(canonical t s - - ["c"])", R"({"eventId":"c","b":[1]})"},
        {"event_id_of_the_payload_last_is_none", canonical_payload(R"({"eventId":"a","eventId":7})"), plain,
         R"({"eventId":7})"},

        {"payload_of_every_kind", canonical_payload(R"({"a":null,"b":true,"c":false,"d":-0.10E+2,"e":"é","f":[{}]})"),
         plain, R"({"a":null,"b":true,"c":false,"d":-0.10E+2,"e":"é","f":[{}]})"},
        {"payload_last_wins", R"({"payload":[1],"eventType":"t","source":"s","payload":{"b":1}})", plain, R"({"b":1})"},
        {"event_type_last_wins", R"({"eventType":5,"eventType":"t","source":"s","payload":{}})", plain, "{}"},
        {"source_last_wins", R"({"eventType":"t","source":null,"source":"s","payload":{}})", plain, "{}"},
    }),
    name_of);

constexpr const char *iam =
    R"({"userId":"u","email":"e","firstName":"f","lastName":"l","provider":"p","registeredAt":0})";
constexpr const char *guides = "guides.challenges guides.challenge-linked guides-service";
constexpr const char *epoch_iso = "\"1970-01-01T00:00:00Z\"";

/** A guides record at the epoch, by its other two members. */
std::string guide(std::string_view members)
{
    return "{" + std::string(members) + ",\"occurredAt\":0}";
}
std::string guide_payload(std::string_view members)
{
    return "{" + std::string(members) + ",\"occurredAt\":0,\"occurredAtIso\":" + epoch_iso + "}";
}

INSTANTIATE_TEST_SUITE_P(
    Shape, AcceptedRecord,
    testing::ValuesIn(std::vector<Accepted>{
        {"iam", iam, R"(iam.registered iam.user-registered iam-service 1970-01-01T00:00:00Z - ["u"])",
         std::string(iam).insert(1, "\"registeredAtIso\":\"1970-01-01T00:00:00Z\",")},
        {"guides", guide(R"("guideId":"g","challengeId":"c")"),
         guides + std::string(R"( 1970-01-01T00:00:00Z - ["g","c"])"),
         guide_payload(R"("guideId":"g","challengeId":"c")")},
        {"execution", R"({"execution_id":"x","status":"ok","timestamp":"2025-11-16T18:14:00"})",
         R"(execution.analytics execution.analytics execution-service 2025-11-16T18:14:00Z - ["x","ok"])",
         R"({"execution_id":"x","status":"ok","timestamp":"2025-11-16T18:14:00",)"
         R"("timestampIso":"2025-11-16T18:14:00Z"})"},
        {"community_registration", R"({"userId":1,"profileId":"p","username":"n","occurredOn":1})",
         R"(community.registration community.user-registered community-service 1970-01-01T00:00:01Z - ["p"])",
         R"({"userId":1,"profileId":"p","username":"n","occurredOn":1,"occurredOnIso":"1970-01-01T00:00:01Z"})"},
        {"community_profile", R"({"userId":1,"profileId":"p","username":"n","occurredOn":1,"profileUrl":false})",
         R"(community.profile-updated community.profile-updated community-service 1970-01-01T00:00:01Z - ["p"])",
         R"({"userId":1,"profileId":"p","username":"n","occurredOn":1,"profileUrl":false,)"
         R"("occurredOnIso":"1970-01-01T00:00:01Z"})"},
        {"completion",
         R"({"studentId":1,"challengeId":2,"solutionId":3,"experiencePointsEarned":4,"occurredOn":[1970,1,1,0,0]})",
         R"(challenges.completion challenges.solution-completed challenges-service 1970-01-01T00:00:00Z - ["3"])",
         R"({"studentId":1,"challengeId":2,"solutionId":3,"experiencePointsEarned":4,"occurredOn":[1970,1,1,0,0],)"
         R"("occurredOnIso":"1970-01-01T00:00:00Z"})"},

        {"recognised_by_presence", R"({"execution_id":null,"status":null,"timestamp":0})",
         "execution.analytics execution.analytics execution-service 1970-01-01T00:00:00Z - -",
         R"({"execution_id":null,"status":null,"timestamp":0,"timestampIso":"1970-01-01T00:00:00Z"})"},
        {"profile_url_last_is_null",
         R"({"userId":1,"profileId":"p","username":"n","occurredOn":1,"profileUrl":"x","profileUrl":null})",
         R"(community.registration community.user-registered community-service 1970-01-01T00:00:01Z - ["p"])",
         R"({"userId":1,"profileId":"p","username":"n","occurredOn":1,"profileUrl":null,)"
         R"("occurredOnIso":"1970-01-01T00:00:01Z"})"},
        {"profile_url_last_is_not_null",
         R"({"userId":1,"profileId":"p","username":"n","occurredOn":1,"profileUrl":null,"profileUrl":"x"})",
         R"(community.profile-updated community.profile-updated community-service 1970-01-01T00:00:01Z - ["p"])",
         R"({"userId":1,"profileId":"p","username":"n","occurredOn":1,"profileUrl":"x",)"
         R"("occurredOnIso":"1970-01-01T00:00:01Z"})"},
        {"first_of_two_shapes",
         R"({"execution_id":1,"status":2,"timestamp":0,"guideId":3,"challengeId":4,"occurredAt":5})",
         guides + std::string(R"( 1970-01-01T00:00:05Z - ["3","4"])"),
         R"({"execution_id":1,"status":2,"timestamp":0,"guideId":3,"challengeId":4,"occurredAt":5,)"
         R"("occurredAtIso":"1970-01-01T00:00:05Z"})"},
        {"event_type_alone_is_not_canonical", guide(R"("guideId":1,"challengeId":2,"eventType":"t")"),
         guides + std::string(R"( 1970-01-01T00:00:00Z - ["1","2"])"),
         guide_payload(R"("guideId":1,"challengeId":2,"eventType":"t")")},
        {"payload_alone_is_not_canonical", guide(R"("guideId":1,"challengeId":2,"payload":{})"),
         guides + std::string(R"( 1970-01-01T00:00:00Z - ["1","2"])"),
         guide_payload(R"("guideId":1,"challengeId":2,"payload":{})")},

        {"key_number_as_written", guide(R"("guideId":1.50,"challengeId":-1E+2)"),
         guides + std::string(R"( 1970-01-01T00:00:00Z - ["1.50","-1E+2"])"),
         guide_payload(R"("guideId":1.50,"challengeId":-1E+2)")},
        {"key_empty_text", guide(R"("guideId":"","challengeId":"")"),
         guides + std::string(R"( 1970-01-01T00:00:00Z - ["",""])"), guide_payload(R"("guideId":"","challengeId":"")")},
        {"key_null", guide(R"("guideId":null,"challengeId":2)"), guides + std::string(" 1970-01-01T00:00:00Z - -"),
         guide_payload(R"("guideId":null,"challengeId":2)")},
        {"key_second_null", guide(R"("guideId":1,"challengeId":null)"),
         guides + std::string(" 1970-01-01T00:00:00Z - -"), guide_payload(R"("guideId":1,"challengeId":null)")},
        {"key_boolean", guide(R"("guideId":true,"challengeId":2)"), guides + std::string(" 1970-01-01T00:00:00Z - -"),
         guide_payload(R"("guideId":true,"challengeId":2)")},
        {"key_array", guide(R"("guideId":1,"challengeId":[2])"), guides + std::string(" 1970-01-01T00:00:00Z - -"),
         guide_payload(R"("guideId":1,"challengeId":[2])")},
        {"key_object", guide(R"("guideId":{},"challengeId":2)"), guides + std::string(" 1970-01-01T00:00:00Z - -"),
         guide_payload(R"("guideId":{},"challengeId":2)")},
        {"key_last_wins", guide(R"("guideId":1,"challengeId":2,"guideId":"3")"),
         guides + std::string(R"( 1970-01-01T00:00:00Z - ["3","2"])"),
         guide_payload(R"("guideId":"3","challengeId":2)")},
        {"key_last_is_none", guide(R"("guideId":1,"challengeId":2,"guideId":[])"),
         guides + std::string(" 1970-01-01T00:00:00Z - -"), guide_payload(R"("guideId":[],"challengeId":2)")},
        {"event_id_is_no_key_of_a_shape", guide(R"("guideId":null,"challengeId":2,"eventId":"e")"),
         guides + std::string(" 1970-01-01T00:00:00Z - -"),
         guide_payload(R"("guideId":null,"challengeId":2,"eventId":"e")")},

        {"time_last_wins", R"({"guideId":1,"challengeId":2,"occurredAt":"now","occurredAt":0})",
         guides + std::string(R"( 1970-01-01T00:00:00Z - ["1","2"])"), guide_payload(R"("guideId":1,"challengeId":2)")},
        {"iso_member_replaced", guide(R"("guideId":1,"challengeId":2,"occurredAtIso":"mine")"),
         guides + std::string(R"( 1970-01-01T00:00:00Z - ["1","2"])"), guide_payload(R"("guideId":1,"challengeId":2)")},
        {"iso_member_replaced_behind", R"({"guideId":1,"challengeId":2,"occurredAt":0,"occurredAtIso":{"a":[]}})",
         guides + std::string(R"( 1970-01-01T00:00:00Z - ["1","2"])"), guide_payload(R"("guideId":1,"challengeId":2)")},
        {"unknown_members_stay", guide(R"("guideId":1,"challengeId":2,"":{"x":[1.0,null]},"source":"s")"),
         guides + std::string(R"( 1970-01-01T00:00:00Z - ["1","2"])"),
         guide_payload(R"("guideId":1,"challengeId":2,"":{"x":[1.0,null]},"source":"s")")},

        {"tenant", guide(R"("guideId":1,"challengeId":2,"tenantId":"n")"),
         guides + std::string(R"( 1970-01-01T00:00:00Z "n" ["1","2"])"),
         guide_payload(R"("guideId":1,"challengeId":2,"tenantId":"n")")},
        {"tenant_null", guide(R"("guideId":1,"challengeId":2,"tenantId":null)"),
         guides + std::string(R"( 1970-01-01T00:00:00Z - ["1","2"])"),
         guide_payload(R"("guideId":1,"challengeId":2,"tenantId":null)")},
    }),
    name_of);

std::string by_shape(const Shape &shape, std::string_view input)
{
    const Shapes shapes{shape};
    Normalizer normalizer(shapes, Limits{});
    const Verdict &verdict = normalizer.normalize(input);
    return verdict_text(verdict, normalizer.document());
}

const Shape seventh{.name = "n",
                    .event_type = "t",
                    .source = "s",
                    .required = {"id", "at"},
                    .time_member = "at",
                    .iso_member = "iso",
                    .key_members = {"id"}};

TEST(ShapeAsData, AnyMemberMayBeNamed)
{
    EXPECT_EQ(by_shape(seventh, R"({"id":7,"at":0})"),
              R"(n t s 1970-01-01T00:00:00Z - ["7"] {"at":0,"id":7,"iso":"1970-01-01T00:00:00Z"})");
}

TEST(ShapeAsData, CanonicalMembersMayBeNamedToo)
{
    Shape shape = seventh;
    shape.required = {"source", "occurredAt"};
    shape.time_member = "occurredAt";
    shape.key_members = {"source", "tenantId"};
    EXPECT_EQ(by_shape(shape, R"({"source":"x","occurredAt":0,"tenantId":"y"})"),
              R"(n t s 1970-01-01T00:00:00Z "y" ["x","y"] )"
              R"({"iso":"1970-01-01T00:00:00Z","occurredAt":0,"source":"x","tenantId":"y"})");
}

TEST(ShapeAsData, WithoutKeyMembersThereIsNoKey)
{
    Shape shape = seventh;
    shape.key_members = {};
    EXPECT_EQ(by_shape(shape, R"({"id":7,"at":0})"),
              R"(n t s 1970-01-01T00:00:00Z - - {"at":0,"id":7,"iso":"1970-01-01T00:00:00Z"})");
}

TEST(ShapeAsData, AnAbsentKeyMemberIsNoKey)
{
    Shape shape = seventh;
    shape.key_members = {"id", "part"};
    EXPECT_EQ(by_shape(shape, R"({"id":7,"at":0})"),
              R"(n t s 1970-01-01T00:00:00Z - - {"at":0,"id":7,"iso":"1970-01-01T00:00:00Z"})");
}

TEST(ShapeAsData, WithoutTimeMemberTheTimeIsTheIngestions)
{
    Shape shape = seventh;
    shape.time_member = "";
    EXPECT_EQ(by_shape(shape, R"({"id":7,"at":"whenever"})"), R"(n t s - - ["7"] {"at":"whenever","id":7})");
}

TEST(ShapeAsData, WithoutIsoMemberNothingIsAdded)
{
    Shape shape = seventh;
    shape.iso_member = "";
    EXPECT_EQ(by_shape(shape, R"({"id":7,"at":0})"), R"(n t s 1970-01-01T00:00:00Z - ["7"] {"at":0,"id":7})");
}

} // namespace
} // namespace analytics::core
