/* Shapes as data: every kind of rule, the order, and many random shapes compared with a matcher without slots. */
#include "../../../extension/core/shape.hpp"

#include "../../../extension/core/error.hpp"

#include "seed.hpp"
#include "value.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

namespace analytics::core {
namespace {

std::string first_match(const Shapes &shapes, std::string_view json)
{
    Document document;
    EXPECT_FALSE(document.read(json, Limits{})) << json;
    Recognizer recognizer(shapes, {});
    recognizer.look_at(document, 0);
    const Recipe *recipe = recognizer.match(document);
    const std::vector<Considered> considered = recognizer.considered(document);
    EXPECT_EQ(considered.size(), recipe == nullptr ? shapes.size() : recipe->shape - shapes.data() + 1) << json;
    for (const Considered &one : considered)
        EXPECT_EQ(one.lacks.empty(), recipe != nullptr && &one == &considered.back()) << json << one.shape;
    return recipe == nullptr ? "none" : recipe->shape->name;
}

struct Rule {
    const char *name;
    Shape shape;
    const char *json;
    bool fits;
};

void PrintTo(const Rule &rule, std::ostream *out)
{
    *out << rule.json;
}

class ShapeRule : public testing::TestWithParam<Rule> {};
TEST_P(ShapeRule, FitsOrNot)
{
    EXPECT_EQ(first_match({GetParam().shape}, GetParam().json) != "none", GetParam().fits);
}

const Shape requires_a{.name = "a", .required = {"a"}};
const Shape requires_a_b{.name = "ab", .required = {"a", "b"}};
const Shape not_null_a{.name = "nn", .not_null = {"a"}};
const Shape null_or_absent_a{.name = "na", .required = {"x"}, .null_or_absent = {"a"}};
const Shape absent_a{.name = "ab", .required = {"x"}, .absent = {"a"}};
const Shape compares{.name = "c", .conditions = read_conditions(R"({"v": ["1.0", 1.50, true]})")};
const Shape compares_below{.name = "p", .conditions = read_conditions(R"({"/a~1b/1/c~0": [1]})")};
const Shape compares_twice{.name = "2", .conditions = read_conditions(R"({"a": [1], "b": [false]})")};
const Shape escaped{.name = "e", .required = {"größe"}};

INSTANTIATE_TEST_SUITE_P(Rules, ShapeRule,
                         testing::ValuesIn(std::vector<Rule>{
                             {"required_present", requires_a, R"({"a":1})", true},
                             {"required_null", requires_a, R"({"a":null})", true},
                             {"required_false", requires_a, R"({"a":false})", true},
                             {"required_absent", requires_a, R"({"b":1})", false},
                             {"required_of_no_member", requires_a, R"({})", false},
                             {"required_only_nested", requires_a, R"({"b":{"a":1}})", false},
                             {"required_only_nested_in_array", requires_a, R"({"b":["a",1,{"a":1}]})", false},
                             {"required_after_nested", requires_a, R"({"b":{"c":[1,{"d":2}]},"a":1})", true},
                             {"required_in_other_case", requires_a, R"({"A":1})", false},
                             {"required_prefix_only", requires_a, R"({"aa":1})", false},
                             {"required_both", requires_a_b, R"({"b":1,"a":2})", true},
                             {"required_one_of_two", requires_a_b, R"({"a":2,"c":3})", false},
                             {"required_by_escape", requires_a, R"({"\u0061":1})", true},
                             {"required_beyond_ascii", escaped, R"({"gr\u00f6\u00dfe":1})", true},
                             {"not_null_present", not_null_a, R"({"a":0})", true},
                             {"not_null_empty_text", not_null_a, R"({"a":""})", true},
                             {"not_null_null", not_null_a, R"({"a":null})", false},
                             {"not_null_absent", not_null_a, R"({"b":1})", false},
                             {"not_null_last_is_null", not_null_a, R"({"a":1,"a":null})", false},
                             {"not_null_last_is_not", not_null_a, R"({"a":null,"a":1})", true},
                             {"null_or_absent_absent", null_or_absent_a, R"({"x":1})", true},
                             {"null_or_absent_null", null_or_absent_a, R"({"x":1,"a":null})", true},
                             {"null_or_absent_present", null_or_absent_a, R"({"x":1,"a":0})", false},
                             {"null_or_absent_last_is_null", null_or_absent_a, R"({"a":1,"x":1,"a":null})", true},
                             {"null_or_absent_last_is_not", null_or_absent_a, R"({"a":null,"x":1,"a":1})", false},
                             {"value_string", compares, R"({"v":"1.0"})", true},
                             {"value_string_by_escape", compares, R"({"v":"1\u002e0"})", true},
                             {"value_number_as_written", compares, R"({"v":1.50})", true},
                             {"value_number_by_value", compares, R"({"v":15e-1})", true},
                             {"value_number_else", compares, R"({"v":1.51})", false},
                             {"value_number_is_no_string", compares, R"({"v":1.0})", false},
                             {"value_string_is_no_number", compares, R"({"v":"1.50"})", false},
                             {"value_number_beyond_numeric", compares, R"({"v":1e999999})", false},
                             {"value_true", compares, R"({"v":true})", true},
                             {"value_false", compares, R"({"v":false})", false},
                             {"value_null", compares, R"({"v":null})", false},
                             {"value_absent", compares, R"({"w":"1.0"})", false},
                             {"value_in_an_array", compares, R"({"v":["1.0"]})", false},
                             {"value_last_fits", compares, R"({"v":2,"v":"1.0"})", true},
                             {"value_last_does_not", compares, R"({"v":"1.0","v":2})", false},
                             {"path_to_a_value", compares_below, R"({"a/b":[0,{"c~":1}]})", true},
                             {"path_last_of_duplicates", compares_below, R"({"a/b":[0,{"c~":2,"c~":1}]})", true},
                             {"path_first_of_duplicates", compares_below, R"({"a/b":[0,{"c~":1,"c~":2}]})", false},
                             {"path_too_short_an_array", compares_below, R"({"a/b":[{"c~":1}]})", false},
                             {"path_position_in_an_object", compares_below, R"({"a/b":{"1":{"c~":1}}})", true},
                             {"path_through_a_text", compares_below, R"({"a/b":"1"})", false},
                             {"path_null_on_the_way", compares_below, R"({"a/b":[0,null]})", false},
                             {"values_both", compares_twice, R"({"b":false,"a":1})", true},
                             {"values_one_of_two", compares_twice, R"({"b":true,"a":1})", false},
                             {"absent_absent", absent_a, R"({"x":1})", true},
                             {"absent_null", absent_a, R"({"x":1,"a":null})", false},
                             {"absent_present", absent_a, R"({"x":1,"a":1})", false},
                         }),
                         [](const auto &info) { return std::string(info.param.name); });

TEST(Recognizer, FirstShapeThatFitsWins)
{
    const Shape other{.name = "other", .required = {"a"}};
    EXPECT_EQ(first_match({requires_a, other}, R"({"a":1})"), "a");
    EXPECT_EQ(first_match({other, requires_a}, R"({"a":1})"), "other");
    EXPECT_EQ(first_match({requires_a_b, requires_a}, R"({"a":1})"), "a");
}

TEST(Recognizer, KnowsNothingWithoutShapes)
{
    EXPECT_EQ(first_match({}, R"({"a":1})"), "none");
}

TEST(Recognizer, ForgetsTheObjectBefore)
{
    const Shapes shapes{requires_a_b};
    Recognizer recognizer(shapes, {});
    Document document;
    EXPECT_FALSE(document.read(R"({"a":1})", Limits{}));
    recognizer.look_at(document, 0);
    EXPECT_EQ(recognizer.match(document), nullptr);
    EXPECT_FALSE(document.read(R"({"b":1})", Limits{}));
    recognizer.look_at(document, 0);
    EXPECT_EQ(recognizer.match(document), nullptr);
}

TEST(Recognizer, GivesTheLastOfDuplicates)
{
    constexpr std::array<std::string_view, 1> own{"a"};
    Recognizer recognizer({}, own);
    Document document;
    EXPECT_FALSE(document.read(R"({"a":1,"b":{"a":2},"a":3})", Limits{}));
    const Members &members = recognizer.look_at(document, 0);
    ASSERT_TRUE(members.present(0));
    EXPECT_EQ(document[members.node(0)].view(), "3");
}

TEST(MemberPath, PositionsAreDigitsWithoutALeadingZero)
{
    const auto found = [](const char *path) {
        const Shape shape{.name = "p", .conditions = {{path, {{Kind::number, "7"}}}}};
        return first_match({shape}, R"({"a":[5,7]})") != "none";
    };
    EXPECT_TRUE(found("/a/1"));
    for (const char *path : {"/a/01", "/a/+1", "/a/-1", "/a/1x", "/a/", "/a/-", "/a/4294967297", "/a/1/0"})
        EXPECT_FALSE(found(path)) << path;
}

TEST(MemberPath, ANameIsNotTakenApart)
{
    EXPECT_EQ(MemberPath("a/b~1").tokens, std::vector<std::string>{"a/b~1"});
    EXPECT_EQ(MemberPath("/a~1b/~01//").tokens, (std::vector<std::string>{"a/b", "~1", "", ""}));
    EXPECT_TRUE(MemberPath("").empty());
}

TEST(Conditions, AnythingElseIsAnError)
{
    for (const char *json :
         {"", "[]", R"({"a":1})", R"({"a":[]})", R"({"a":[null]})", R"({"a":[[1]]})", R"({"a":[{}]})"})
        EXPECT_THROW(read_conditions(json), Error) << json;
    EXPECT_TRUE(read_conditions("{}").empty());
}

TEST(SlotTable, TellsNamesApartThatDifferOnlyInTheirMiddle)
{
    SlotTable slots;
    std::vector<std::string> names;
    for (int i = 100; i < 1'000; ++i) names.push_back("beginning" + std::to_string(i) + "the end");
    for (Slot i = 0; i < names.size(); ++i) EXPECT_EQ(slots.add(names[i]), i);
    for (Slot i = 0; i < names.size(); ++i) EXPECT_EQ(slots.find(names[i]), i);
    EXPECT_EQ(slots.find("beginning99the end"), SlotTable::none);
    EXPECT_EQ(slots.size(), names.size());
}

TEST(SlotTable, TakesNamesOfEveryLength)
{
    SlotTable slots;
    const std::string longest(300, 'x');
    for (Slot size = 0; size <= longest.size(); ++size)
        EXPECT_EQ(slots.add(std::string_view(longest).substr(0, size)), size);
    for (Slot size = 0; size <= longest.size(); ++size) {
        EXPECT_EQ(slots.find(std::string(size, 'x')), size);
        EXPECT_EQ(slots.find(std::string(size, 'x') + "y"), SlotTable::none);
    }
}

TEST(SlotTable, FindsNothingWhenEmpty)
{
    EXPECT_EQ(SlotTable{}.find("a"), SlotTable::none);
}

/** What the rules say, word for word. */
bool fits(const Shape &shape, const std::map<std::string, Value> &object)
{
    const auto present = [&](const std::string &name) { return object.count(name) != 0; };
    const auto not_null = [&](const std::string &name) { return present(name) && object.at(name).kind != Kind::null; };
    return std::all_of(shape.required.begin(), shape.required.end(), present) &&
           std::all_of(shape.not_null.begin(), shape.not_null.end(), not_null) &&
           std::none_of(shape.null_or_absent.begin(), shape.null_or_absent.end(), not_null) &&
           std::none_of(shape.absent.begin(), shape.absent.end(), present);
}

TEST(RecognizerProperty, AgreesWithTheRulesOnRandomShapesAndObjects)
{
    std::mt19937_64 random = seeded();
    const auto some_names = [&](std::size_t most, std::size_t alphabet) {
        std::vector<std::string> names(random() % (most + 1));
        for (std::string &name : names) name = "member" + std::to_string(random() % alphabet);
        return names;
    };
    int matches = 0;
    int mismatches = 0;
    for (int round = 0; round < 200; ++round) {
        const std::size_t alphabet = 4 + random() % 150; // up to five words of bits
        Shapes shapes(1 + random() % 50);
        for (std::size_t i = 0; i < shapes.size(); ++i)
            shapes[i] = {.name = std::to_string(i),
                         .required = some_names(2, alphabet),
                         .not_null = some_names(2, alphabet),
                         .null_or_absent = some_names(2, alphabet),
                         .absent = some_names(2, alphabet)};
        for (int record = 0; record < 20; ++record) {
            std::string json = "{\"first\":{}";
            for (const std::string &name : some_names(alphabet, alphabet))
                json += ",\"" + name + "\":" + (random() % 3 == 0 ? "null" : "[1]");
            json += "}";
            const std::map<std::string, Value> object = parsed(json).members;
            const auto expected =
                std::find_if(shapes.begin(), shapes.end(), [&](const Shape &shape) { return fits(shape, object); });
            ASSERT_EQ(first_match(shapes, json), expected == shapes.end() ? "none" : expected->name) << json;
            ++(expected == shapes.end() ? mismatches : matches);
        }
    }
    EXPECT_GT(matches, 100);
    EXPECT_GT(mismatches, 100);
}

} // namespace
} // namespace analytics::core
