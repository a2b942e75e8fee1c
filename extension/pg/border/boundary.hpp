/* The border between two ways of failing. PostgreSQL unwinds with longjmp, which skips destructors. C++ unwinds with
 * exceptions, which PostgreSQL does not know. A SQL function therefore alternates between two kinds of phase:
 *
 *   PostgreSQL phase   may ereport; holds no C++ object with a destructor (owned.hpp keeps those that must live on)
 *   C++ phase          inside guarded(); may throw; never calls what may ereport
 *
 * guarded() turns an exception into ereport, after every C++ object of the phase is destroyed. */
#pragma once

#include "../../core/error.hpp"
#include "postgres.hpp"

#include <exception>
#include <new>
#include <type_traits>

namespace analytics::pg {

/** An exception as plain data: nothing here needs a destructor when raise() leaves by longjmp. */
class CaughtError {
public:
    void set(int sqlstate, const char *message) noexcept
    {
        sqlstate_ = sqlstate;
        strlcpy(message_, message, sizeof message_);
    }

    /** The work ended because is_canceled. */
    void set_interrupted() noexcept { set(ERRCODE_QUERY_CANCELED, "canceling statement due to user request"); }

    [[noreturn]] void raise() const;

private:
    int sqlstate_ = 0;
    char message_[512] = "";
};

/** Whether the statement is to end: a cancel request, a timeout, the server's end. A C++ phase that takes long asks,
 * and throws core::Interrupted. */
bool is_canceled() noexcept;

/** Runs a C++ phase. The caller's frame holds nothing that needs a destructor. */
template <class Body> auto guarded(Body body) -> decltype(body())
{
    using Result = decltype(body());
    static_assert(std::is_trivially_destructible_v<Body>, "capture by reference only");
    static_assert(std::is_void_v<Result> || std::is_trivially_destructible_v<Result>,
                  "the result must outlive a longjmp");

    CaughtError caught;
    try {
        return body();
    } catch (const core::Corrupt &error) {
        caught.set(ERRCODE_DATA_CORRUPTED, error.what());
    } catch (const core::Interrupted &) {
        caught.set_interrupted();
    } catch (const std::bad_alloc &) {
        caught.set(ERRCODE_OUT_OF_MEMORY, "out of memory");
    } catch (const std::exception &error) {
        caught.set(ERRCODE_INTERNAL_ERROR, error.what());
    } catch (...) {
        caught.set(ERRCODE_INTERNAL_ERROR, "unknown C++ exception");
    }
    caught.raise();
}

} // namespace analytics::pg
