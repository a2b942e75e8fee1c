#include "extension.hpp"

namespace analytics::runtime {
namespace {

constexpr std::string_view look_up =
    "SELECT pg_catalog.quote_ident(n.nspname), e.extversion, pg_catalog.pg_backend_pid()"
    " FROM pg_catalog.pg_extension AS e"
    " JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace"
    " WHERE e.extname OPERATOR(pg_catalog.=) 'analytics_events'";

} // namespace

std::optional<Extension> find_extension(Connection &connection, Milliseconds deadline)
{
    const Result found = connection.transact({{{"find_extension", look_up, Parameters()}}}, Ending::commit, deadline);
    if (found.rows() == 0) return {};
    return Extension{.schema = std::string(found.text(0, 0)),
                     .version = std::string(found.text(0, 1)),
                     .server_process = found.integer(0, 2)};
}

std::string in_schema(std::string_view sql, std::string_view schema)
{
    constexpr std::string_view placeholder = "@extschema@";
    std::string qualified;
    for (std::size_t at = 0; (at = sql.find(placeholder)) != std::string_view::npos;
         sql.remove_prefix(at + placeholder.size()))
        qualified.append(sql.substr(0, at)).append(schema);
    return qualified.append(sql);
}

} // namespace analytics::runtime
