#include "row_errors.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace analytics::pg {
namespace {

/* Classes of SQLSTATE about the server, the session or a definition. For all others, a user's own too, a row is to
 * blame. */
constexpr std::array<std::string_view, 21> not_of_a_row{
    "08", "40", "53", "57", "58",                               // the server is sick
    "XX",                                                       // broken
    "55",                                                       // or busy
    "0A", "0B", "0L", "0P", "25", "26", "28", "2D", "34", "3D", // the session can't, or may not
    "3F", "42", "F0",                                           // something is missing, or mistaken
    "HV"                                                        // a foreign server
};

bool is_raised_by(const ErrorData &error, const char *function) noexcept
{
    return error.funcname != nullptr && std::strcmp(error.funcname, function) == 0;
}

/* A BEFORE trigger has moved its row to another partition. PostgreSQL reports that as an unsupported feature. */
bool is_moved_row(const ErrorData &error) noexcept
{
    return error.sqlerrcode == ERRCODE_FEATURE_NOT_SUPPORTED && is_raised_by(error, "ExecBRInsertTriggers");
}

} // namespace

bool is_policy_refusal(const ErrorData &error) noexcept
{
    return error.sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE && is_raised_by(error, "ExecWithCheckOptions");
}

bool is_of_a_row(const ErrorData &error) noexcept
{
    if (is_policy_refusal(error) || is_moved_row(error)) return true;
    const std::string_view state_class(unpack_sql_state(error.sqlerrcode), 2);
    return std::find(not_of_a_row.begin(), not_of_a_row.end(), state_class) == not_of_a_row.end();
}

} // namespace analytics::pg
