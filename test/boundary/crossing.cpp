/* Everything that can be thrown in a C++ phase, thrown on purpose, with an object on the stack of every function that
 * it passes. */

#include "boundary.hpp"
#include "counted.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace boundary {
namespace {

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

void descend(std::string_view kind, int depth)
{
    const Counted on_the_way;
    if (depth > 0) return descend(kind, depth - 1);
    const Counted at_the_foot;
    throw_kind(kind);
}

} // namespace
} // namespace boundary

ANALYTICS_FUNCTION(boundary_throw)
{
    const char *const kind = text_to_cstring(PG_GETARG_TEXT_PP(0));
    const int depth = PG_GETARG_INT32(1);
    analytics::pg::guarded([&] { boundary::descend(kind, depth); });
    PG_RETURN_VOID();
}
