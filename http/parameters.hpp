/* Query parameters: each is a name, a check, and the statement's arguments it becomes.
 *
 * A route lists the parameters it knows, in the order of its statement's $1, $2 …; read_query checks a whole query
 * against such a list and returns the arguments, or everything that is wrong. An unknown or a repeated name is a
 * fault like a bad value: a dashboard with a typo should hear of it, not draw another picture than it means. */
#pragma once

#include "problem.hpp"

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
    std::string_view (*read)(std::string_view text, Arguments &into);
    std::size_t arguments = 1;
    std::optional<std::string_view> absent = std::nullopt; // the argument when the parameter is not given
};

extern const Parameter limit;          // integer 1..500, 50 when absent
extern const Parameter window_minutes; // integer 5..10080
extern const Parameter reference;      // RFC 3339 → microseconds since the Unix epoch
extern const Parameter tenant_id;      // 1..64 characters
extern const Parameter event_type;     // 1..120 characters
extern const Parameter cursor;         // → microseconds since the Unix epoch, UUID

struct Query {
    Arguments arguments;
    std::vector<Fault> faults;
};

[[nodiscard]] Query read_query(std::string_view query, std::span<const Parameter *const> known);

} // namespace analytics::http
