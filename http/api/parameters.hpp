/* Parameters, of the path and of the query: each is a name, a check, and the arguments of the statement that it
 * becomes.
 *
 * A route lists its parameters in the order of its statement's $1, $2 … A request is read against that list, and
 * becomes the arguments, or a list of everything that is wrong. An unknown or repeated name in a query is an error,
 * too: a dashboard with a typo should get an error, and not a picture that it did not mean. */
#pragma once

#include "../server/problem.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::http {

using Argument = std::optional<std::string>; // nothing: SQL NULL
using Arguments = std::vector<Argument>;

struct Parameter {
    std::string_view name;
    /** Appends the arguments, or returns what is wrong ("must be …"), having appended nothing. */
    std::string (*read)(std::string_view text, Arguments &into);
    std::size_t arguments = 1;
    std::optional<std::string_view> absent = std::nullopt; // the argument when the parameter is not given
    std::string_view in_messages = {}; // how the database's messages about it begin, where not with its name

    /** Whether the message, one of our SQL functions', is about the parameter. */
    [[nodiscard]] bool is_subject_of(std::string_view message) const noexcept;
};

extern const Parameter limit;              // integer 1..500, 50 when absent
extern const Parameter window_minutes;     // integer 5..10080
extern const Parameter reference;          // RFC 3339 → microseconds since the Unix epoch
extern const Parameter occurred_at;        // likewise
extern const Parameter event_id;           // UUID
extern const Parameter tenant_id;          // 1..64 characters
extern const Parameter event_type;         // 1..120 characters
extern const Parameter from;               // RFC 3339 → microseconds since the Unix epoch
extern const Parameter to;                 // likewise
extern const Parameter bucket;             // an ISO 8601 duration of one part: PT15M, P1D, P1M …
extern const Parameter timezone;           // 1..64 characters: a name of the IANA's, which the database judges
extern const Parameter dead_letter_id;     // integer from 1
extern const Parameter dead_letter_cursor; // likewise, of the last letter seen
extern const Parameter after_id;           // integer from 0, 0 when absent
extern const Parameter replay_limit;       // integer 1..10000, 1000 when absent
extern const Parameter reason;             // 1..64 characters
extern const Parameter topic;              // 1..249 characters
extern const Parameter replayed;           // true or false
extern const Parameter projection_name;    // 1..64 characters
extern const Parameter feed_name;          // 1..63 characters
extern const Parameter feed_position;      // 1..100 characters
extern const Parameter wait_seconds;       // integer 0..60, 0 when absent
extern const Parameter asset_file;         // any
extern const Parameter cursor;             // → place in time, UUID

struct Query {
    Arguments arguments;
    std::vector<ProblemError> errors;
};

/** What the path's names took, as sent, against as many parameters; appends to the result. */
void read_path(std::span<const std::string_view> segments, std::span<const Parameter *const> known, Query &result);

/** Likewise of a whole query. */
void read_query(std::string_view query, std::span<const Parameter *const> known, Query &result);

} // namespace analytics::http
