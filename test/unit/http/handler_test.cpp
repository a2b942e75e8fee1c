/* From a request to its answer, over a database that only fails or only counts. */
#include "../../../http/api/handler.hpp"
#include "../../../http/metrics.hpp"

#include <array>
#include <gtest/gtest.h>

namespace analytics::http {
namespace {

/** Throws what a test wants, and remembers what it was asked. */
class Failing final : public Database {
public:
    explicit Failing(std::string sqlstate, std::string message = "message of the server")
        : sqlstate_(std::move(sqlstate)), message_(std::move(message))
    {
    }

    runtime::Result run(std::size_t /*worker*/, const Statement &statement, const runtime::Parameters & /*parameters*/,
                        std::string_view tenant) override
    {
        asked = statement.name;
        asked_for = tenant;
        if (sqlstate_.empty()) throw std::logic_error("secret of the house");
        throw runtime::DbError(
            {.sqlstate = sqlstate_, .message = message_, .detail = "the oldest is 7", .hint = "hint"});
    }

    std::string asked = {};
    std::string asked_for = {};

private:
    std::string sqlstate_;
    std::string message_;
};

Response respond(const Handler &handler, const Request &request)
{
    Begun begun = handler(request);
    auto *task = std::get_if<std::unique_ptr<Task>>(&begun);
    return task == nullptr ? std::get<Response>(std::move(begun)) : (*task)->run(0);
}

class Handled : public testing::Test {
protected:
    Response response(const Request &request, const std::string &sqlstate = "57014",
                      const std::string &message = "message of the server")
    {
        Failing service(sqlstate, message);
        Failing probe(sqlstate);
        Failing tenants(sqlstate);
        Response made = respond(
            Handler(service_routes(), service, probe, stop_.get_token(), KeyedAccess{access_, tenants}), request);
        asked_ = service.asked;
        asked_probe_ = probe.asked;
        asked_tenants_ = tenants.asked;
        asked_for_ = service.asked_for + probe.asked_for + tenants.asked_for;
        return made;
    }

    static std::string header(const Response &response, std::string_view name)
    {
        for (const auto &[known, value] : response.headers)
            if (known == name) return value;
        return {};
    }

    std::stop_source stop_;
    Access access_{""};
    std::string asked_tenants_;
    std::string asked_for_;
    std::string asked_;
    std::string asked_probe_;
};

constexpr Request recent_request{"GET", "/v1/analytics/events/recent", "", "", ""};

Request post(std::string_view type, std::string_view body)
{
    return {"POST", "/v1/analytics/events", "", type, body};
}

TEST_F(Handled, unknownPathsAre404)
{
    for (const std::string_view path :
         {"/v1", "/health/", "/Health", "/v1/analytics/events/recent/", "//health", "/%68ealth", "*",
          "/v1/analytics/events/a/b/c", "/livez", "/readyz", "/metrics"})
        EXPECT_EQ(response({"GET", path, "", "", ""}).status, 404) << path;
}

TEST_F(Handled, otherMethodsAre405WithAllow)
{
    for (const std::string_view method : {"POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW", "get", "options"}) {
        const Response made = response({method, "/v1/analytics/events/recent", "", "", ""});
        EXPECT_EQ(made.status, 405) << method;
        EXPECT_EQ(header(made, "Allow"), "GET, HEAD, OPTIONS") << method;
    }
    for (const std::string_view method : {"GET", "HEAD", "PUT"}) {
        const Response made = response({method, "/v1/analytics/events", "", "", ""});
        EXPECT_EQ(made.status, 405) << method;
        EXPECT_EQ(header(made, "Allow"), "POST, OPTIONS") << method;
    }
}

TEST_F(Handled, optionsAre204WithAllow)
{
    const std::pair<const char *, const char *> cases[] = {{"/v1/analytics/events/recent", "GET, HEAD, OPTIONS"},
                                                           {"/v1/analytics/events", "POST, OPTIONS"},
                                                           {"/v1/analytics/events/x/y", "GET, HEAD, OPTIONS"},
                                                           {"*", "GET, HEAD, POST, OPTIONS"}};
    for (const auto &[path, allow] : cases) {
        const Response made = response({"OPTIONS", path, "nosuch=1", "", ""});
        EXPECT_EQ(made.status, 204) << path;
        EXPECT_EQ(header(made, "Allow"), allow) << path;
        EXPECT_EQ(made.body, "") << path;
    }
    EXPECT_EQ(response({"OPTIONS", "/nosuch", "", "", ""}).status, 404);
}

TEST_F(Handled, errorsOfAFeedMeanSomethingOfTheirOwn)
{
    constexpr Request feed_request{"GET", "/v1/analytics/feeds/all", "after=1", "", ""};
    EXPECT_EQ(response(feed_request, "42501").status, 403);
    EXPECT_EQ(response(feed_request, "55000").status, 409);
    EXPECT_EQ(response(recent_request, "55000").status, 500);
    const Response gone = response(feed_request, "AN002", "too old");
    EXPECT_EQ(gone.status, 410);
    EXPECT_NE(gone.body.find(R"("errors":[{"field":"after","detail":"the oldest is 7"}])"), std::string::npos);
    const Response lost = response(feed_request, "22023", "feed \"all\" has no such position");
    EXPECT_EQ(lost.status, 422);
    EXPECT_NE(lost.body.find(R"("field":"after")"), std::string::npos);
}

TEST_F(Handled, aNameInAPathIsAParameter)
{
    constexpr std::string_view id = "8ba02af1-c98f-8b9a-bc17-675d036f64fa";
    for (const std::string_view instant : {"2026-03-04T05:06:07Z", "2026-03-04T05%3A06%3A07.25%2B01:00"}) {
        const std::string path = "/v1/analytics/events/" + std::string(instant) + "/" + std::string(id);
        static_cast<void>(response({"GET", path, "", "", ""}));
        EXPECT_EQ(asked_, "event") << path;
    }
    const Response made = response({"GET", "/v1/analytics/events/now/1", "limit=1", "", ""});
    EXPECT_EQ(made.status, 422);
    for (const char *field : {"occurredAt", "id", "limit"})
        EXPECT_NE(made.body.find("\"field\":\"" + std::string(field) + "\""), std::string::npos) << made.body;
}

TEST_F(Handled, headAsksWhatGetAsks)
{
    static_cast<void>(response({"HEAD", "/v1/analytics/events/recent", "", "", ""}));
    EXPECT_EQ(asked_, "recent");
}

TEST_F(Handled, aBadParameterIs422AndNamed)
{
    const Response made = response({"GET", "/v1/analytics/events/recent", "limit=0", "", ""});
    EXPECT_EQ(made.status, 422);
    EXPECT_NE(made.body.find(R"("field":"limit")"), std::string::npos) << made.body;
    EXPECT_NE(made.body.find(R"("code":"22023")"), std::string::npos) << made.body;
    EXPECT_EQ(asked_, "");
}

TEST_F(Handled, everyRouteRefusesUnknownParameters)
{
    for (const Route &route : service_routes()) {
        if (route.leaves_query) continue;
        const Response made = response({route.method, route.path, "nosuch=1", "application/json", "{}"});
        EXPECT_EQ(made.status, 422) << route.path;
        EXPECT_NE(made.body.find(R"("field":"nosuch")"), std::string::npos) << made.body;
    }
}

TEST_F(Handled, otherTypesAre415)
{
    const Response made = response(post("text/plain", "{}"));
    EXPECT_EQ(made.status, 415);
    EXPECT_EQ(header(made, "Accept-Post"), "application/json, application/x-ndjson");
    EXPECT_EQ(response(post("", "{}")).status, 415);
}

TEST_F(Handled, theBodyChoosesTheStatement)
{
    const std::pair<Request, const char *> cases[] = {
        {post("application/json", "{}"), "record_one"},       {post("application/json", " \t\r\n{}"), "record_one"},
        {post("application/json", ""), "record_one"},         {post("application/json", "1"), "record_one"},
        {post("application/json", "[]"), "record_batch"},     {post("application/json", " \n[1]"), "record_batch"},
        {post("application/x-ndjson", "[]"), "record_batch"}, {post("application/x-ndjson", ""), "record_batch"}};
    for (const auto &[request, statement] : cases) {
        static_cast<void>(response(request));
        EXPECT_EQ(asked_, statement) << request.body;
    }
}

TEST_F(Handled, moreLinesThanAreTakenAre413)
{
    std::string body;
    for (std::size_t i = 0; i < max_items; ++i) body += "{}\n";
    static_cast<void>(response(post("application/x-ndjson", body)));
    EXPECT_EQ(asked_, "record_batch");
    body += "{}";
    EXPECT_EQ(response(post("application/x-ndjson", body)).status, 413);
    EXPECT_EQ(asked_, "");
}

TEST_F(Handled, aSickDatabaseIs503WithRetryAfter)
{
    for (const std::string sqlstate : {"08006", "53300", "57P01", "42883"}) {
        const Response made = response(recent_request, sqlstate);
        EXPECT_EQ(made.status, 503) << sqlstate;
        EXPECT_GE(std::stoi(header(made, "Retry-After")), 1) << sqlstate;
        EXPECT_NE(made.body.find("\"code\":\"" + sqlstate + "\""), std::string::npos) << made.body;
    }
}

TEST_F(Handled, aTimeoutIs504)
{
    EXPECT_EQ(response(recent_request, "57014").status, 504);
}

TEST_F(Handled, internalErrorsTellNothing)
{
    for (const std::string sqlstate : {"XX000", "42601", "08006", ""}) {
        const Response made = response(recent_request, sqlstate);
        EXPECT_GE(made.status, 500);
        for (const char *secret : {"server", "secret", "hint"})
            EXPECT_EQ(made.body.find(secret), std::string::npos) << made.body;
        EXPECT_FALSE(made.cause.empty()) << "for the log";
    }
}

TEST_F(Handled, ourOwnWordsAboutAParameterAreToldAndNameIt)
{
    struct Case {
        const char *path;
        const char *message;
        const char *field;
    };
    constexpr std::array cases{
        Case{"/v1/analytics/events/recent", "max_rows must be at least 1", "limit"},
        Case{"/v1/analytics/metrics/summary", "reference must lie in the years 0001 to 9999", "reference"},
        Case{"/v1/analytics/metrics/summary", "window_minutes must be between 5 and 10080", "windowMinutes"},
        Case{"/v1/analytics/metrics/histogram", "window_start must lie in the years 0001 to 9999", "from"},
        Case{"/v1/analytics/metrics/histogram", "window_end must lie in the years 0001 to 9999", "to"},
        Case{"/v1/analytics/metrics/histogram", "window holds more than 100000 buckets", "bucket"},
        Case{"/v1/analytics/metrics/histogram", "timezone is none", "timezone"}};
    for (const auto &[path, message, field] : cases)
        for (const char *sqlstate : {"22023", "22008"}) {
            const Response made = response({.method = "GET", .path = path}, sqlstate, message);
            EXPECT_EQ(made.status, 422) << message;
            EXPECT_NE(made.body.find("\"field\":\"" + std::string(field) + "\",\"detail\":\"" + message + '"'),
                      std::string::npos)
                << made.body;
            EXPECT_EQ(made.body.find("detail of the server"), std::string::npos);
        }
}

TEST_F(Handled, aValueThatIsStoredIsNotTheClientsFault)
{
    const std::pair<const char *, const char *> calls[] = {
        {"GET", "/v1/analytics/events/recent"},        {"GET", "/v1/analytics/metrics/summary"},
        {"GET", "/v1/analytics/metrics/histogram"},    {"GET", "/v1/analytics/projections"},
        {"GET", "/v1/analytics/dead-letters/summary"}, {"POST", "/v1/analytics/dead-letters/replay"}};
    for (const auto &[method, path] : calls)
        for (const char *sqlstate : {"22008", "22012", "22003", "22021", "22P02", "22023"}) {
            const Response made = response({.method = method, .path = path}, sqlstate);
            EXPECT_EQ(made.status, 500) << path << ' ' << sqlstate;
            EXPECT_EQ(made.body.find("server"), std::string::npos) << made.body;
            EXPECT_EQ(made.cause, "message of the server") << "for the log";
        }
}

TEST_F(Handled, aBodyMayBeTheClientsFault)
{
    EXPECT_EQ(response(post("application/json", "{}"), "22021").status, 400);
    EXPECT_EQ(response(post("application/json", "[]"), "22P02").status, 400);
    EXPECT_EQ(response(post("application/json", "{}"), "22003").status, 422);
}

TEST_F(Handled, healthAsksTheProbeAndIsDownWithIt)
{
    const Response made = response({"GET", "/health", "", "", ""}, "08006");
    EXPECT_EQ(made.status, 503);
    EXPECT_EQ(made.body, R"({"status":"DOWN"})");
    EXPECT_EQ(made.content_type, "application/json");
    EXPECT_EQ(asked_, "");
    EXPECT_EQ(asked_probe_, "version");
}

TEST_F(Handled, healthIsDownWhileStopping)
{
    stop_.request_stop();
    EXPECT_EQ(response({"GET", "/health", "", "", ""}).body, R"({"status":"DOWN"})");
    EXPECT_EQ(asked_probe_, "");
}

TEST_F(Handled, theLogHearsTheRouteNotThePath)
{
    EXPECT_EQ(response({"GET", "/secret-in-a-path", "", "", ""}).route, "-");
    EXPECT_EQ(response(recent_request).route, "/v1/analytics/events/recent");
    EXPECT_EQ(response({"PUT", "/health", "", "", ""}).route, "/health");
}

TEST(Admin, livezNeedsNoDatabase)
{
    Failing sick("08006");
    const Handler handler(admin_routes(), sick, sick, {});
    EXPECT_EQ(respond(handler, {"GET", "/livez", "", "", ""}).status, 200);
    EXPECT_EQ(respond(handler, {"GET", "/readyz", "", "", ""}).status, 503);
    EXPECT_EQ(respond(handler, {"GET", "/health", "", "", ""}).status, 404);
}

TEST_F(Handled, MetricsDoWithoutTheDatabase)
{
    const HttpMetrics metrics;
    Failing probe("08006");
    const Response made =
        respond(Handler(admin_routes(), probe, probe, stop_.get_token(), std::nullopt, &metrics), {"GET", "/metrics"});
    EXPECT_EQ(probe.asked, "metrics");
    EXPECT_EQ(made.status, 200);
    EXPECT_NE(made.body.find("analytics_http_build_info"), std::string::npos);
    EXPECT_EQ(made.body.find("analytics_maintained_at"), std::string::npos);
}

} // namespace
} // namespace analytics::http
