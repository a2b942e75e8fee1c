/* The definition of a projection: what is read, and the complaints, with what they are about. */
#include "../../../extension/core/dimension_key.hpp"
#include "../../../extension/core/projection.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace analytics::core {
namespace {

/** Fields written as name:type:path/path, comma-separated; or the complaint. */
std::string answer(std::string_view dimensions, std::string_view measures)
{
    const std::variant<Projection, Complaint> read = read_projection(dimensions, measures);
    if (const auto *const complaint = std::get_if<Complaint>(&read)) return complaint->text;
    std::string answer;
    for (const auto *const fields : {&std::get<Projection>(read).dimensions, &std::get<Projection>(read).measures}) {
        for (const Field &field : *fields) {
            answer += field.name + ':' + std::string(name(field.type));
            for (const std::string &step : field.path) answer += '/' + step;
            answer += ',';
        }
        answer += '|';
    }
    return answer;
}

struct Row {
    const char *name;
    std::string dimensions;
    std::string measures;
    std::string answer;
};

class ProjectionRead : public testing::TestWithParam<Row> {};

TEST_P(ProjectionRead, Answers)
{
    EXPECT_EQ(answer(GetParam().dimensions, GetParam().measures), GetParam().answer);
}

std::string many(int count)
{
    std::string json = "{";
    for (int i = 0; i < count; ++i) json += (i > 0 ? ",\"n" : "\"n") + std::to_string(i) + R"(":["p"])";
    return json + '}';
}

INSTANTIATE_TEST_SUITE_P(
    Read, ProjectionRead,
    testing::ValuesIn(std::vector<Row>{
        {"nothing", "", "", "||"},
        {"empty", "{}", "{}", "||"},
        {"path_alone", R"({"d":["a","b"]})", R"({"m":["c"]})", "d:text/a/b,|m:numeric/c,|"},
        {"typed", R"({"d":{"path":["a"],"type":"boolean"}})", R"({"m":{"path":["c"],"type":"numeric"}})",
         "d:boolean/a,|m:numeric/c,|"},
        {"type_first", R"({"d":{"type":"bigint","path":["a"]}})", "", "d:bigint/a,||"},
        {"type_left_out", R"({"d":{"path":["a"]}})", R"({"m":{"path":["c"]}})", "d:text/a,|m:numeric/c,|"},
        {"in_their_order", R"({"zz":["a"],"b":["a"],"a":["a"]})", "", "zz:text/a,b:text/a,a:text/a,||"},
        {"empty_step", R"({"d":[""]})", "", "d:text/,||"},
    }),
    [](const auto &info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Complained, ProjectionRead,
    testing::ValuesIn(std::vector<Row>{
        {"no_json", "{", "", "dimensions: missing a member name at byte 1"},
        {"no_object", R"(["a"])", "", "dimensions must be an object of names and paths"},
        {"measures_no_object", "", "1", "measures must be an object of names and paths"},
        {"unstorable", R"({"d":["\u0000"]})", "", "dimensions: \\u0000 or an unpaired surrogate at byte 7"},
        {"text", R"({"d":"a"})", "", R"(dimension "d": must be a path, or an object with "path" and "type")"},
        {"no_path", R"({"d":{"type":"text"}})", "", R"(dimension "d": has no path)"},
        {"empty_path", R"({"d":[]})", "",
         R"(dimension "d": path must be an array of members' names, the outermost first)"},
        {"path_of_numbers", R"({"d":["a",1]})", "", R"(dimension "d": path must be an array of texts)"},
        {"path_nested", R"({"d":[["a"]]})", "", R"(dimension "d": path must be an array of texts)"},
        {"unknown_member", R"({"d":{"path":["a"],"typ":"text"}})", "", R"(dimension "d": has an unknown member "typ")"},
        {"unknown_type", R"({"d":{"path":["a"],"type":"integer"}})", "",
         R"(dimension "d": type must be text, boolean, bigint or numeric)"},
        {"type_no_text", R"({"d":{"path":["a"],"type":1}})", "",
         R"(dimension "d": type must be text, boolean, bigint or numeric)"},
        {"measure_type", "", R"({"m":{"path":["a"],"type":"text"}})", R"(measure "m": type must be numeric)"},
        {"empty_name", R"({"":["a"]})", "", "a name must not be empty"},
        {"long_name", "{\"" + std::string(64, 'd') + "\":[\"a\"]}", "",
         "the name of column \"" + std::string(64, 'd') + "\" is too long"},
        {"long_measure", "", "{\"" + std::string(58, 'm') + "\":[\"a\"]}",
         "the name of column \"" + std::string(58, 'm') + "_count\" is too long"},
        {"twice", R"({"d":["a"],"d":["b"]})", "", R"(two columns would have the name "d")"},
        {"name_of_a_column", R"({"bucket_start":["a"]})", "", R"(two columns would have the name "bucket_start")"},
        {"name_of_the_tenant", R"({"tenant_id":["a"]})", "", R"(two columns would have the name "tenant_id")"},
        {"name_of_the_count", R"({"count":["a"]})", "", R"(two columns would have the name "count")"},
        {"name_of_a_measure", R"({"m_sum":["a"]})", R"({"m":["a"]})", R"(two columns would have the name "m_sum")"},
        {"too_many", many(17), "", "there must be at most 16 dimensions"},
    }),
    [](const auto &info) { return info.param.name; });

TEST(Projection, ColumnsStandInTheirOrder)
{
    const std::variant<Projection, Complaint> read =
        read_projection(R"({"d":["a"],"n":{"path":["b"],"type":"bigint"}})", R"({"m":["c"]})");
    std::string columns;
    for (const ProjectionColumn &column : columns_of(std::get<Projection>(read)))
        columns += column.name + ' ' + std::string(column.type) + ',';
    EXPECT_EQ(columns, "d text,n bigint,other boolean,count bigint,mismatched bigint,"
                       "m_count bigint,m_sum numeric,m_avg numeric,m_min numeric,m_max numeric,");
}

TEST(DimensionKey, IsReadAsItWasWritten)
{
    Decimal decimal;
    to_decimal("-12.50", decimal);
    const ExactNumber number{decimal};
    KeyWriter writer;
    writer.put_null();
    writer.put(true);
    writer.put(false);
    writer.put(std::string_view{"text"});
    writer.put(number);
    KeyReader reader{writer.key()};
    EXPECT_EQ(reader.next().tag, KeyTag::null);
    EXPECT_EQ(reader.next().tag, KeyTag::boolean_true);
    EXPECT_EQ(reader.next().tag, KeyTag::boolean_false);
    EXPECT_EQ(reader.next().text, "text");
    EXPECT_EQ(reader.next().number, number);
    EXPECT_TRUE(reader.at_end());
}

} // namespace
} // namespace analytics::core
