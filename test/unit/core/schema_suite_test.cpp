/* The official JSON-Schema-Test-Suite, draft 2020-12 without its optional part, as Debian packages it
 * (libtest-json-schema-acceptance-perl). ANALYTICS_SCHEMA_SUITE names another copy.
 *
 * A group is a schema and values with their verdicts. Either the schema is refused, for a keyword or reference that is
 * listed below, or each verdict is the suite's. */
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

/* The keywords for which groups of a file are refused. Packages of other releases have other groups. */
const std::map<std::string, std::set<std::string>> refusals = {
    {"anchor", {"$anchor", "$id", "$ref"}},
    {"defs", {"$ref"}},
    {"dynamicRef", {"$dynamicRef", "$id", "$ref"}},
    {"id", {"$id", "$ref"}},
    {"not", {"unevaluatedProperties"}},
    {"ref", {"$id", "$ref", "unevaluatedProperties"}},
    {"refRemote", {"$id", "$ref"}},
    {"unevaluatedItems", {"$id", "unevaluatedItems"}},
    {"unevaluatedProperties", {"$id", "unevaluatedProperties"}},
    {"unknownKeyword", {"$id"}},
    {"vocabulary", {"$id", "$schema"}},
};

/* Debian 12's, of each file. */
constexpr int groups_of_debian_12 = 350;
const std::map<std::string, int> refused_of_debian_12 = {
    {"anchor", 6},
    {"defs", 1},
    {"dynamicRef", 17},
    {"id", 4},
    {"not", 1},
    {"ref", 21},
    {"refRemote", 14},
    {"unevaluatedItems", 24},
    {"unevaluatedProperties", 36},
    {"unknownKeyword", 1},
    {"vocabulary", 2},
};

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
            std::printf("refused: %s: %s\n", name.c_str(), fault->text().c_str());
            EXPECT_TRUE(refusals.contains(file) && refusals.at(file).contains(fault->keyword)) << name;
            ++refused_[file];
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
    std::map<std::string, int> refused_;
    int groups_ = 0, tests_ = 0, refused_groups_ = 0;
};

TEST_F(Suite, EveryGroupOfTheSupportedKeywordsPasses)
{
    const char *const given = std::getenv("ANALYTICS_SCHEMA_SUITE");
    for (const auto &entry : std::filesystem::directory_iterator(given != nullptr ? given : debian))
        if (entry.path().extension() == ".json") run(entry.path());
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
