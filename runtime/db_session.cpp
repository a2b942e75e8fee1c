#include "db_session.hpp"

#include "extension.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <utility>

namespace analytics::runtime {
namespace {

constexpr const char *no_such_extension = "42704"; // undefined_object
constexpr const char *other_version = "0A000";     // feature_not_supported
constexpr const char *not_let_in = "28000";        // invalid_authorization_specification

const Parameters none;

/* Settings that an answer depends on, and that another client may have changed for the session. Null: the server's
 * default. */
constexpr std::array<std::pair<std::string_view, const char *>, 9> surroundings{{
    {"search_path", "pg_catalog, pg_temp"}, // statements qualify all names
    {"standard_conforming_strings", "on"},  // as our literals are written
    {"bytea_output", "hex"},                // as we read answers
    {"DateStyle", nullptr},
    {"IntervalStyle", nullptr},
    {"TimeZone", nullptr},
    {"extra_float_digits", nullptr},
    {"row_security", nullptr},
    {"synchronous_commit", nullptr},
}};

/* 1 and 2 of "1.2.3": versions of one series are compatible. */
std::array<int, 2> series(std::string_view version)
{
    std::array<int, 2> numbers{};
    const char *at = version.data();
    const char *const end = at + version.size();
    for (int &number : numbers) {
        at = std::from_chars(at, end, number).ptr;
        if (at != end) ++at; // the dot
    }
    return numbers;
}

DbError refusal(const char *sqlstate, std::string message, std::string hint)
{
    return DbError({.sqlstate = sqlstate, .message = std::move(message), .hint = std::move(hint)});
}

/* Valid whatever standard_conforming_strings is. */
std::string literal(std::string_view text)
{
    std::string quoted = "E'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') quoted += c;
        quoted += c;
    }
    return quoted + "'";
}

using Assignments = std::vector<std::pair<std::string, std::string>>; // name → expression

/* Sets all of them in one column, from left to right: a column each would have to be described and sent. */
std::string set_all(const Assignments &settings, bool is_local)
{
    std::string list;
    for (const auto &[name, value] : settings)
        list += fmt::format("{}pg_catalog.set_config({}, {}, {})", list.empty() ? "" : ", ", literal(name), value,
                            is_local);
    return "SELECT pg_catalog.concat(" + list + ")";
}

/* The role and the tenant; $1: the tenant. */
Assignments identity(const SessionOptions &options)
{
    return {{"role", options.role.empty() ? "null" : literal(options.role)}, {"analytics_http.tenant", "$1"}};
}

Assignments settings_of(const SessionOptions &options, const Result &of_the_extension)
{
    Assignments settings;
    for (const auto &[name, value] : surroundings)
        settings.emplace_back(name, value == nullptr ? "null" : literal(value));
    for (int row = 0; row < of_the_extension.rows(); ++row)
        settings.emplace_back(of_the_extension.text(row, 0), "null");
    for (const auto &[name, value] : options.settings) settings.emplace_back(name, literal(value));
    return settings;
}

constexpr std::string_view load =
    "SELECT @extschema@._analytics_library_version(), @extschema@._analytics_tables_are_current()";
/* Known to a server process once it has loaded the library. */
constexpr std::string_view list_settings =
    "SELECT s.name FROM pg_catalog.pg_settings AS s WHERE s.name OPERATOR(pg_catalog.~~) 'analytics.%' "
    "AND s.context OPERATOR(pg_catalog.=) 'user'";
const Statement require_restriction{.name = "require_restriction",
                                    .sql = "SELECT @extschema@._analytics_require_row_security()"};

/* loaded: the answer of the statement load. A later library serves the SQL objects of earlier releases, as between the
 * installation of a package and ALTER EXTENSION … UPDATE. */
void require_fitting(const Result &loaded, std::string_view extension, std::string_view schema)
{
    if (const std::string_view library = loaded.text(0, 0); series(library) < series(extension))
        throw refusal(other_version,
                      fmt::format("the server has loaded the library of {}, the extension \"analytics_events\" is "
                                  "version {}",
                                  library, extension),
                      "install the package of the extension's version, and restart the server");
    if (!loaded.is_true(0, 1))
        throw refusal(other_version, "the tables of analytics_events are missing, or of an earlier release",
                      in_schema("SELECT @extschema@.analytics_create_tables();", schema));
}

} // namespace

void DbSession::connect()
{
    if (is_usable()) return;
    connection_.reset();
    texts_.clear();
    Connection fresh(options_.target);
    const auto extension = find_extension(fresh, options_.deadline);
    if (!extension)
        throw refusal(no_such_extension, "the database does not have the extension \"analytics_events\"",
                      "CREATE EXTENSION analytics_events;");
    const std::string &version = extension->version;
    const std::string &program = options_.target.application_name;
    if (const auto theirs = series(version), ours = series(ANALYTICS_VERSION); theirs != ours)
        throw refusal(other_version,
                      fmt::format("the extension \"analytics_events\" is version {}, {} is version {}", version,
                                  program, ANALYTICS_VERSION),
                      theirs < ours ? "ALTER EXTENSION analytics_events UPDATE;"
                                    : fmt::format("install {} of version {}", program, version));
    schema_ = extension->schema;
    const std::string loading = in_schema(load, schema_);
    require_fitting(fresh.transact({{{"load", loading, none}}}, Ending::commit, options_.deadline), version, schema_);
    const Assignments settings =
        settings_of(options_, fresh.transact({{{"load", loading, none}, {"list_settings", list_settings, none}}},
                                             Ending::commit, options_.deadline));
    Assignments assignments = identity(options_);
    if (extension->server_process == fresh.server_process()) {
        fresh.keep_statements();
        fresh.transact({{{"configure", set_all(settings, false), none}}}, Ending::commit, options_.deadline);
    } else {
        assignments.insert(assignments.end(), settings.begin(), settings.end());
    }
    identify_ = set_all(assignments, true);
    connection_.emplace(std::move(fresh));
    observe_(event::DatabaseConnected{.pool = options_.name, .schema = schema_});
}

Result DbSession::run(const Statement &statement, const Parameters &parameters, std::string_view tenant,
                      std::optional<Milliseconds> deadline)
{
    if (tenant.empty() != options_.role.empty()) throw std::logic_error("a tenant's role without a tenant, or no role");
    return transact({{{statement, parameters}}}, Ending::commit, tenant, deadline.value_or(options_.deadline));
}

Result DbSession::rehearse(std::span<const Call> calls)
{
    return transact(calls, Ending::rollback, {}, options_.deadline);
}

std::string_view DbSession::text_of(const Statement &statement)
{
    const auto [place, is_new] = texts_.try_emplace(statement.name);
    if (is_new) place->second = in_schema(statement.sql, schema_);
    return place->second;
}

Result DbSession::transact(std::span<const Call> calls, Ending ending, std::string_view tenant, Milliseconds deadline)
{
    connect();
    Parameters for_tenant;
    for_tenant.text(tenant);
    std::vector<Query> queries{{"identify", identify_, for_tenant}};
    if (!options_.role.empty()) queries.push_back({require_restriction.name, text_of(require_restriction), none});
    const std::size_t entrance = queries.size();
    for (const auto &[statement, parameters] : calls)
        queries.push_back({statement.name, text_of(statement), parameters});

    const auto begun = std::chrono::steady_clock::now();
    const auto report = [&](std::string_view sqlstate) {
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
        observe_(event::DatabaseCalled{.pool = options_.name,
                                       .statement = calls.back().statement.name,
                                       .milliseconds = took.count(),
                                       .sqlstate = sqlstate});
    };
    try {
        Result answer = connection_->transact(queries, ending, deadline);
        report("00000");
        return answer;
    } catch (const DbError &error) {
        report(error.sqlstate());
        const bool is_refused = !options_.role.empty() && error.query() < entrance && !error.is_transient();
        throw is_refused ? DbError(not_let_in, error.what()) : error;
    }
}

} // namespace analytics::runtime
