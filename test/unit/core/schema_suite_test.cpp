/* The official JSON-Schema-Test-Suite, draft 2020-12 without its optional part, as Debian packages it
 * (libtest-json-schema-acceptance-perl). ANALYTICS_SCHEMA_SUITE names another copy.
 *
 * A group is a schema and values with their verdicts. Either the schema is refused, for a keyword or reference that is
 * listed below, or each verdict is the suite's. A package of another release has other groups. */
#include "../../../extension/core/schema/validator.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <stdexcept>
#include <string>

namespace analytics::core::schema {
namespace {

constexpr const char *debian = "/usr/share/perl5/auto/share/dist/Test-JSON-Schema-Acceptance/tests/draft2020-12";
constexpr std::size_t whole = std::size_t{1} << 30;

/* For nothing else is a group refused. */
const std::set<std::string_view> unsupported = {"$anchor",          "$dynamicRef",          "$id", "$ref", "$schema",
                                                "unevaluatedItems", "unevaluatedProperties"};

/* The groups that are refused, by file and keyword. */
using Refusals = std::map<std::string, std::map<std::string, int>>;
const Refusals refused_of_debian_12 = {
    {"anchor", {{"$anchor", 1}, {"$id", 2}, {"$ref", 3}}},
    {"defs", {{"$ref", 1}}},
    {"dynamicRef", {{"$id", 17}}},
    {"id", {{"$id", 1}, {"$ref", 3}}},
    {"not", {{"unevaluatedProperties", 1}}},
    {"ref", {{"$id", 14}, {"$ref", 6}, {"unevaluatedProperties", 1}}},
    {"refRemote", {{"$id", 6}, {"$ref", 8}}},
    {"unevaluatedItems", {{"unevaluatedItems", 24}}},
    {"unevaluatedProperties", {{"unevaluatedProperties", 36}}},
    {"unknownKeyword", {{"$id", 1}}},
    {"vocabulary", {{"$id", 1}, {"$schema", 1}}},
};
constexpr int groups_of_debian_12 = 350;

std::string content(const std::filesystem::path &path)
{
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

class Suite : public testing::Test {
protected:
    void run(const std::filesystem::path &path)
    {
        Document document;
        ASSERT_FALSE(document.read(content(path), {.max_bytes = whole, .max_depth = 1000})) << path;
        const Value all{&document[0], &document[0]};
        for (const Node *group = all.first(); group < all.end(); group = all.behind(group))
            run_group(path.stem(), all.child(group));
    }

    static Value member(const Value &object, std::string_view name)
    {
        for (const Node *at = object.first(); at < object.end(); at = object.behind(at + 1))
            if (at->view() == name) return object.child(at + 1);
        throw std::runtime_error("the suite has another form");
    }

    void run_group(const std::string &file, const Value &group)
    {
        const std::string name = file + ": " + std::string(member(group, "description")->view());
        auto compiled = compile(json_text(member(group, "schema"), whole));
        if (const auto *fault = std::get_if<SchemaFault>(&compiled)) {
            EXPECT_TRUE(unsupported.contains(fault->keyword)) << name << ": " << fault->text();
            ++refused_[file][fault->keyword];
            ++refused_groups_;
            return;
        }
        ++groups_;
        const Value tests = member(group, "tests");
        for (const Node *test = tests.first(); test < tests.end(); test = tests.behind(test)) {
            const std::string json = json_text(member(tests.child(test), "data"), whole);
            const bool valid = member(tests.child(test), "valid")->kind == Kind::boolean_true;
            Document payload;
            ASSERT_FALSE(payload.read(json, Limits{}));
            const auto finding = validator_.check(std::get<Schema>(compiled), payload, 0);
            EXPECT_EQ(!finding, valid) << name << ": " << member(tests.child(test), "description")->view() << '\n'
                                       << json_text(member(group, "schema"), whole) << '\n'
                                       << json << '\n'
                                       << (finding ? finding->pointer + ' ' + std::string(finding->keyword) : "");
            ++tests_;
        }
    }

    Validator validator_;
    Refusals refused_;
    int groups_ = 0, tests_ = 0, refused_groups_ = 0;
};

TEST_F(Suite, EveryGroupOfTheSupportedKeywordsPasses)
{
    const char *const given = std::getenv("ANALYTICS_SCHEMA_SUITE");
    for (const auto &entry : std::filesystem::directory_iterator(given != nullptr ? given : debian))
        if (entry.path().extension() == ".json") run(entry.path());
    for (const auto &[file, keywords] : refused_)
        for (const auto &[keyword, count] : keywords)
            std::printf("refused: %s.json, %d groups for %s\n", file.c_str(), count, keyword.c_str());
    std::printf("JSON-Schema-Test-Suite: %d groups with %d tests, %d groups refused\n", groups_, tests_,
                refused_groups_);
    EXPECT_GE(groups_, 223);
    EXPECT_GE(tests_, 855);
    if (groups_ + refused_groups_ == groups_of_debian_12) {
        EXPECT_EQ(refused_, refused_of_debian_12);
    }
}

} // namespace
} // namespace analytics::core::schema
