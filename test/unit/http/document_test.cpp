/* openapi.json against the table of routes: each has what the other has. What the document says of answers' bodies is
 * held against the running server by the end-to-end tests. */
#include "../../../http/api/routes.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <rapidjson/document.h>
#include <set>

namespace analytics::http {
namespace {

using Names = std::set<std::string>;

const rapidjson::Document &document()
{
    static const rapidjson::Document parsed = [] {
        std::ifstream file("http/openapi.json"); // the tests run in the project's root
        const std::string text(std::istreambuf_iterator<char>(file), {});
        rapidjson::Document made;
        made.Parse(text.c_str());
        return made;
    }();
    return parsed;
}

/** Follows "#/components/…". */
const rapidjson::Value &resolved(const rapidjson::Value &part)
{
    if (!part.HasMember("$ref")) return part;
    const std::string reference = part["$ref"].GetString();
    const std::size_t slash = reference.rfind('/');
    const std::string kind = reference.substr(13, slash - 13);
    return document()["components"][kind.c_str()][reference.substr(slash + 1).c_str()];
}

std::string lower(std::string_view text)
{
    std::string out(text);
    for (char &c : out) c = static_cast<char>(std::tolower(c));
    return out;
}

/** Pages and what they load are for browsers, not for the document's readers. */
bool is_page(const Route &route)
{
    return !route.path.starts_with("/v1/") && route.path != "/health";
}

const rapidjson::Value *operation(const Route &route)
{
    const auto path = document()["paths"].FindMember(std::string(route.path).c_str());
    if (path == document()["paths"].MemberEnd()) return nullptr;
    const auto found = path->value.FindMember(lower(route.method).c_str());
    return found == path->value.MemberEnd() ? nullptr : &found->value;
}

Names parameters(const rapidjson::Value &what, std::string_view location)
{
    Names names;
    if (what.HasMember("parameters"))
        for (const auto &one : what["parameters"].GetArray())
            if (resolved(one)["in"].GetString() == location) names.insert(resolved(one)["name"].GetString());
    return names;
}

Names names_of(ParameterList parameters)
{
    Names names;
    for (const Parameter *parameter : parameters) names.emplace(parameter->name);
    return names;
}

/** What a request of this route can be answered with, by the handler, and before it for what its parameters may be
 * (414) and the host that it calls (421). */
Names statuses(const Route &route)
{
    Names made{"200", "400", "414", "421", "422"};
    if (route.caching != Caching::none) made.insert({"304", "503"});
    if (route.scope != Scope::none) made.insert({"401", "429"});
    if (route.statement != nullptr && !route.is_probe) made.insert({"403", "500", "503", "504"});
    if (route.is_probe) made.insert("503");
    if (route.path.ends_with("}")) made.insert("404");
    if (route.statement == &projection) made.insert("409");    // while it is being built
    if (route.statement == &feed) made.insert({"409", "410"}); // it has not started; the position is too old
    if (route.method == "POST") made.insert({"409", "411", "415"});
    if (route.form != Form::none) made.insert("413");
    if (route.scope == Scope::write) made.insert({"201", "202"});
    return made;
}

TEST(Document, hasEveryRouteAndNoOther)
{
    Names routes;
    for (const Route &route : service_routes())
        if (!is_page(route)) routes.insert(lower(route.method) + " " + std::string(route.path));
    Names documented;
    for (const auto &path : document()["paths"].GetObject())
        for (const auto &method : path.value.GetObject())
            documented.insert(std::string(method.name.GetString()) + " " + path.name.GetString());
    EXPECT_EQ(documented, routes);
}

TEST(Document, hasEveryParameterAndNoOther)
{
    for (const Route &route : service_routes()) {
        if (is_page(route)) continue;
        ASSERT_NE(operation(route), nullptr) << route.path;
        EXPECT_EQ(parameters(*operation(route), "path"), names_of(route.in_path)) << route.path;
        EXPECT_EQ(parameters(*operation(route), "query"), names_of(route.in_query)) << route.path;
    }
}

TEST(Document, hasEveryStatusAndNoOther)
{
    for (const Route &route : service_routes()) {
        if (is_page(route)) continue;
        ASSERT_NE(operation(route), nullptr) << route.path;
        Names documented;
        for (const auto &status : (*operation(route))["responses"].GetObject())
            documented.insert(status.name.GetString());
        EXPECT_EQ(documented, statuses(route)) << route.method << ' ' << route.path;
    }
}

TEST(Document, saysWhenABodyIsTaken)
{
    for (const Route &route : service_routes()) {
        const rapidjson::Value *const what = operation(route);
        EXPECT_EQ(what != nullptr && what->HasMember("requestBody"), route.form != Form::none) << route.path;
    }
}

TEST(Routes, takeAParameterForEachName)
{
    for (const Route &route : service_routes())
        EXPECT_EQ(static_cast<std::size_t>(std::count(route.path.begin(), route.path.end(), '{')), route.in_path.size())
            << route.path;
}

} // namespace
} // namespace analytics::http
