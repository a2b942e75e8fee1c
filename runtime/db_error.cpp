#include "db_error.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <libpq-fe.h>

namespace analytics::runtime {
namespace {

constexpr std::string_view internal_error = "XX"; // a class

constexpr std::size_t state_length = 5;

/* Where ":  28P01: ", with any SQLSTATE, begins in a line. */
std::size_t find_state(std::string_view line)
{
    const auto is_state_char = [](unsigned char c) { return std::isdigit(c) != 0 || std::isupper(c) != 0; };
    for (std::size_t at = line.find(":  "); at != std::string_view::npos; at = line.find(":  ", at + 1)) {
        const std::string_view state = line.substr(at + 3).substr(0, state_length);
        const bool is_state = state.size() == state_length && std::all_of(state.begin(), state.end(), is_state_char);
        if (is_state && line.substr(at + 3 + state_length).starts_with(": ")) return at;
    }
    return std::string_view::npos;
}

} // namespace

std::string one_line(std::string_view text)
{
    std::string line;
    for (const char c : text) {
        const bool blank = c == '\n' || c == '\t' || c == ' ';
        if (!blank)
            line += c;
        else if (!line.empty() && line.back() != ' ')
            line += ' ';
    }
    while (line.ends_with(' ')) line.pop_back();
    return line;
}

std::string error_field(const PGresult *result, int code)
{
    const char *text = PQresultErrorField(result, code);
    return text == nullptr ? std::string() : text;
}

DbError error_of(const PGresult *result, std::size_t query)
{
    DbError::Fields fields;
    fields.sqlstate = error_field(result, PG_DIAG_SQLSTATE);
    fields.message = error_field(result, PG_DIAG_MESSAGE_PRIMARY);
    if (fields.sqlstate.empty()) { // an error of libpq itself: only the connection can be the reason
        fields.sqlstate = connection_lost;
        fields.message = one_line(PQresultErrorMessage(result));
    }
    fields.detail = error_field(result, PG_DIAG_MESSAGE_DETAIL);
    fields.hint = error_field(result, PG_DIAG_MESSAGE_HINT);
    fields.query = query;
    return DbError(std::move(fields));
}

DbError connect_error(std::string_view verbose)
{
    DbError::Fields fields;
    fields.sqlstate = could_not_connect;
    std::string text;
    for (std::string_view rest = verbose; !rest.empty();) {
        std::string line(rest.substr(0, rest.find('\n')));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (line.starts_with("LOCATION:")) continue;
        const std::size_t at = find_state(line);
        if (at != std::string::npos && !line.substr(at + 3).starts_with(internal_error)) {
            fields.sqlstate = line.substr(at + 3, state_length);
            line.erase(at + 3, state_length + 2);
        }
        text += line + '\n';
    }
    fields.message = one_line(text);
    return DbError(std::move(fields));
}

bool is_transient(std::string_view sqlstate) noexcept
{
    static constexpr std::array<std::string_view, 5> classes{"08", "53", "57", "58", "40"};
    static constexpr std::array<std::string_view, 2> states{
        "55P03", // lock_timeout, where the role or the database has one: as good as 57014, statement_timeout
        "25006"  // a standby that is about to be promoted, or a server that its operator made read-only
    };
    return std::find(classes.begin(), classes.end(), sqlstate.substr(0, 2)) != classes.end() ||
           std::find(states.begin(), states.end(), sqlstate) != states.end();
}

bool DbError::is_transient() const noexcept
{
    return runtime::is_transient(fields_.sqlstate);
}

} // namespace analytics::runtime
