/* Errors as RFC 9457 problem details: {type, title, status, detail, code, errors}, all six always there.
 *
 * type is "about:blank" and title the status's phrase: what went wrong is told by code (an SQLSTATE, null where the
 * matter is HTTP's alone) and by errors, one a fault. A detail is written by us or by our own SQL functions; what
 * PostgreSQL says of an internal error never gets here. */
#pragma once

#include "answer.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::http {

/** One thing that is wrong; empty members are left out. */
struct Fault {
    std::string field;  // the parameter
    std::string reason; // one of the closed list of refusals
    std::string detail;
};

struct Problem {
    int status;
    std::string detail;
    std::string_view code = {}; // empty: null
    std::vector<Fault> errors = {};
    std::string allow = {};              // 405: the methods
    std::optional<int> retry_after = {}; // seconds
};

/** The phrase of RFC 9110 (and 6585); for a status that is none of ours "Unknown". */
[[nodiscard]] std::string_view title(int status) noexcept;

[[nodiscard]] Answer answer(const Problem &problem);

} // namespace analytics::http
