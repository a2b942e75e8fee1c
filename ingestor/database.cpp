#include "database.hpp"

#include "../runtime/extension.hpp"

#include <fmt/format.h>

namespace analytics::ingestor {
namespace {

using runtime::DbError;

constexpr const char *no_such_extension = "42704"; // undefined_object
constexpr const char *other_version = "0A000";     // feature_not_supported

/* 1.2 of 1.2.3: versions that agree in it understand each other. */
std::string_view series(std::string_view version)
{
    const std::size_t dot = version.find('.');
    return version.substr(0, dot == std::string_view::npos ? dot : version.find('.', dot + 1));
}

DbError refusal(const char *sqlstate, std::string message, std::string hint)
{
    return DbError({.sqlstate = sqlstate,
                    .message = std::move(message),
                    .detail = {},
                    .hint = std::move(hint),
                    .constraint = {},
                    .column = {}});
}

std::string extension_schema(runtime::Connection &connection)
{
    const auto extension = runtime::find_extension(connection);
    if (!extension)
        throw refusal(no_such_extension, "the database does not have the extension \"analytics_events\"",
                      "CREATE EXTENSION analytics_events;");
    const std::string_view version = extension->version;
    if (series(version) != series(ANALYTICS_VERSION))
        throw refusal(other_version,
                      fmt::format("the extension \"analytics_events\" is version {}, the ingestor is {}", version,
                                  ANALYTICS_VERSION),
                      fmt::format("ALTER EXTENSION analytics_events UPDATE TO '{}'; or run the ingestor of version {}",
                                  ANALYTICS_VERSION, version));
    return extension->schema;
}

} // namespace

std::string prepare(runtime::Connection &connection, std::span<const Statement> statements)
{
    std::string schema = extension_schema(connection);
    for (const auto &[name, sql] : statements) connection.prepare(name, runtime::in_schema(sql, schema));
    return schema;
}

Failure failure_of(const DbError &error)
{
    return {error.is_transient(), error.sqlstate(), error.what(), error.hint()};
}

} // namespace analytics::ingestor
