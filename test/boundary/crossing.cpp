/* Everything that can cross the border, thrown or raised on purpose, with an object on the stack of every C++ phase that
 * it passes. descend() is the ladder: a PostgreSQL phase that opens a C++ phase that calls a PostgreSQL phase … */

#include "boundary.hpp"
#include "counted.hpp"

extern "C" {
#include "executor/spi.h"
}

#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace boundary {
namespace {

using analytics::pg::guarded;
using analytics::pg::pg_call;
using analytics::pg::PgError;

/* What happens at the foot of the ladder: a statement, or else a throw. */
struct Foot {
    const char *statement;
    const char *kind;
};

bool restored = false;

/* More than any address space has; a variable, or the compiler refuses. */
volatile std::size_t too_much = std::numeric_limits<std::ptrdiff_t>::max();

void throw_kind(std::string_view kind)
{
    if (kind == "core::Error") throw analytics::core::Error("a promise did not hold");
    if (kind == "core::Corrupt") throw analytics::core::Corrupt("bytes that are no bag");
    if (kind == "std::bad_alloc") throw std::bad_alloc();
    if (kind == "allocation") {
        const std::vector<char> memory(too_much);
        throw std::logic_error("an allocation that should have failed did not");
    }
    if (kind == "std::length_error") {
        std::vector<std::int64_t> memory;
        memory.reserve(too_much);
    }
    if (kind == "std::runtime_error") throw std::runtime_error("out of luck");
    if (kind == "long") throw std::runtime_error(std::string(10'000, 'x'));
    if (kind == "long and odd") {
        std::string euros = "xx";
        for (int i = 0; i < 1000; ++i) euros += "€";
        throw std::runtime_error(euros);
    }
    if (kind == "percent") throw std::runtime_error("100%s of %n");
    if (kind == "int") throw 1;
    if (kind == "pointer") throw "a text";
}

std::int64_t run(const char *statement)
{
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "could not connect to SPI");
    const int outcome = SPI_execute(statement, false, 0);
    if (outcome < 0) elog(ERROR, "statement failed: %s", SPI_result_code_string(outcome));
    const auto rows = static_cast<std::int64_t>(SPI_processed);
    SPI_finish();
    return rows;
}

std::int64_t descend(const Foot *foot, int depth);

/* As its caller sees it: what pg_call must give back, whichever way it leaves. */
std::int64_t call_and_compare(const Foot *foot, int depth)
{
    const auto *const handler = PG_exception_stack;
    const auto *const callbacks = error_context_stack;
    const auto *const context = CurrentMemoryContext;
    const auto compare = [&] {
        return PG_exception_stack == handler && error_context_stack == callbacks && CurrentMemoryContext == context;
    };
    try {
        const std::int64_t rows = depth > 0 ? pg_call<descend>(foot, depth - 1) : pg_call<run>(foot->statement);
        restored = compare();
        return rows;
    } catch (const PgError &) {
        restored = compare();
        throw;
    }
}

std::int64_t descend(const Foot *foot, int depth)
{
    return guarded([&] {
        const Counted on_the_way;
        if (depth == 0 && foot->statement == nullptr) {
            const Counted at_the_foot;
            throw_kind(foot->kind);
            return std::int64_t{0};
        }
        return call_and_compare(foot, depth);
    });
}

} // namespace
} // namespace boundary

ANALYTICS_FUNCTION(boundary_throw)
{
    const boundary::Foot foot{nullptr, text_to_cstring(PG_GETARG_TEXT_PP(0))};
    boundary::descend(&foot, PG_GETARG_INT32(1));
    PG_RETURN_VOID();
}

ANALYTICS_FUNCTION(boundary_run)
{
    const boundary::Foot foot{text_to_cstring(PG_GETARG_TEXT_PP(0)), nullptr};
    PG_RETURN_INT64(boundary::descend(&foot, PG_GETARG_INT32(1)));
}

ANALYTICS_FUNCTION(boundary_restored)
{
    (void)fcinfo;
    PG_RETURN_BOOL(boundary::restored);
}
