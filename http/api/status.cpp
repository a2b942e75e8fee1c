#include "status.hpp"

#include <algorithm>
#include <array>

namespace analytics::http {

namespace {

constexpr std::string_view away = "the database is not available";
constexpr std::string_view missing = "the extension analytics_events is not available in the database";
constexpr std::string_view conflict = "the event conflicts with the state of the database";
constexpr std::string_view constrained = "the event violates a constraint of the database";

// A whole SQLSTATE stands before its class.
constexpr std::array meanings{
    Meaning{"08", 503, away},
    Meaning{"0A000", 503, "the extension analytics_events is of another version"},
    Meaning{"22021", 400, "the body is not UTF-8", false, "invalid_utf8"},
    Meaning{"22P02", 400, "the body is not valid JSON", false, "invalid_json"},
    Meaning{"22", 422, "the database refuses a value in the request", true},
    Meaning{"23502", 422, constrained},
    Meaning{"23514", 422, constrained},
    Meaning{"23", 409, conflict},
    Meaning{"25006", 503, "the database is read-only"},
    Meaning{"28", 503, away},
    Meaning{"3D", 503, away},
    Meaning{"3F", 503, missing},
    Meaning{"40", 503, "another transaction is in the way; try again"},
    Meaning{"42501", 403, "the service's database role lacks a right"},
    Meaning{"42704", 503, missing},
    Meaning{"42883", 503, missing},
    Meaning{"42P01", 503, missing},
    Meaning{"53", 503, "the database is short of resources"},
    Meaning{"54001", 422, "the body is nested too deeply", false, "too_deep"},
    Meaning{"55P03", 503, "another transaction is in the way; try again"},
    Meaning{"57014", 504, "the database took too long"},
    Meaning{"57", 503, away},
    Meaning{"58", 503, away},
    Meaning{"P0001", 422, "the database refused the event", true},
};

constexpr Meaning internal{"", 500, "internal error"};

struct Refused {
    std::string_view reason;
    int status;
};

constexpr std::array refusals{
    Refused{"too_large", 413},
    Refused{"invalid_utf8", 400},
    Refused{"invalid_json", 400},
};

constexpr int no_event = 422;

// cached plan must not change result type; prepared statement does not exist; function or table does not exist
constexpr std::array<std::string_view, 5> spoiling{"0A000", "26000", "42883", "42P01", "3F000"};

} // namespace

const Meaning &meaning_of(std::string_view sqlstate, std::span<const Meaning> own) noexcept
{
    for (const std::span<const Meaning> list : {own, std::span<const Meaning>(meanings)})
        for (const Meaning &meaning : list)
            if (sqlstate.size() == 5 && sqlstate.substr(0, meaning.sqlstate.size()) == meaning.sqlstate) return meaning;
    return internal;
}

int status_of_refusal(std::string_view reason) noexcept
{
    for (const Refused &refusal : refusals)
        if (refusal.reason == reason) return refusal.status;
    return no_event;
}

bool spoils_session(std::string_view sqlstate) noexcept
{
    return std::find(spoiling.begin(), spoiling.end(), sqlstate) != spoiling.end();
}

} // namespace analytics::http
