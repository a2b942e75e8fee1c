/* Errors as RFC 9457 problem details: {type, title, status, detail, code, errors}, all six always there.
 *
 * type is "about:blank" and title the status's phrase. code is an SQLSTATE, or null if the error is of HTTP alone;
 * errors has one entry for each thing that is wrong. A detail is ours or our SQL functions', never PostgreSQL's message
 * about an internal error. */
#pragma once

#include "message.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::http {

/** One thing that is wrong; an empty member is left out. */
struct ProblemError {
    std::string field;  // the parameter
    std::string reason; // one of the closed list of reasons for refusal
    std::string detail;
};

struct Problem {
    int status;
    std::string detail;
    std::string_view code = {}; // empty: null
    std::vector<ProblemError> errors = {};
    std::string allow = {};              // 405: the methods
    std::optional<int> retry_after = {}; // seconds
};

/** The phrase of RFC 9110 and 6585; "Unknown" for a status that we don't use. */
[[nodiscard]] std::string_view title(int status) noexcept;

[[nodiscard]] Response response_of(const Problem &problem);

} // namespace analytics::http
