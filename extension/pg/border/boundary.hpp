/* The border between two ways of failing. PostgreSQL unwinds with longjmp, which skips destructors; C++ unwinds with
 * exceptions, which PostgreSQL does not know. A SQL function therefore alternates between two kinds of phase:
 *
 *   PostgreSQL phase   may ereport; holds no C++ object with a destructor (those that must live on are in owned.hpp)
 *   C++ phase          inside guarded(); may throw; never calls what may ereport, except through pg_call()
 *
 * guarded() turns whatever is thrown into ereport once every C++ object of the phase is gone; pg_call() turns an
 * ereport into an exception. A PostgreSQL error that travels through C++ arrives unchanged: SQLSTATE, message,
 * detail, hint, context. It is only ever re-thrown, never swallowed: no subtransaction was opened for it. */
#pragma once

#include "../../core/error.hpp"
#include "postgres.hpp"

#include <exception>
#include <new>
#include <type_traits>

namespace analytics::pg {

/** A PostgreSQL error on its way through C++ frames. The data lives in the memory context of the pg_call. */
class PgError : public std::exception {
public:
    explicit PgError(ErrorData *data) noexcept : data_(data) {}
    [[nodiscard]] ErrorData *data() const noexcept { return data_; }
    [[nodiscard]] const char *what() const noexcept override { return data_->message; }

private:
    ErrorData *data_;
};

/** What went wrong, as plain data: nothing here needs a destructor when raise() leaves by longjmp. */
class CaughtError {
public:
    void carry(ErrorData *data) noexcept { data_ = data; }

    void set(int sqlstate, const char *message) noexcept
    {
        sqlstate_ = sqlstate;
        strlcpy(message_, message, sizeof message_);
    }

    [[noreturn]] void raise() const;

private:
    ErrorData *data_ = nullptr;
    int sqlstate_ = 0;
    char message_[512] = "";
};

/** Runs a C++ phase. The caller's frame holds nothing that needs a destructor. */
template <class Body> auto guarded(Body body) -> decltype(body())
{
    using Result = decltype(body());
    static_assert(std::is_trivially_destructible_v<Body>, "capture by reference only");
    static_assert(std::is_void_v<Result> || std::is_trivially_destructible_v<Result>,
                  "the result must outlive a longjmp");

    CaughtError fault;
    try {
        return body();
    } catch (const PgError &error) {
        fault.carry(error.data());
    } catch (const core::Corrupt &error) {
        fault.set(ERRCODE_DATA_CORRUPTED, error.what());
    } catch (const std::bad_alloc &) {
        fault.set(ERRCODE_OUT_OF_MEMORY, "out of memory");
    } catch (const std::exception &error) {
        fault.set(ERRCODE_INTERNAL_ERROR, error.what());
    } catch (...) {
        fault.set(ERRCODE_INTERNAL_ERROR, "unknown C++ exception");
    }
    fault.raise();
}

/** Calls one PostgreSQL function from a C++ phase; its ereport becomes PgError. Arguments and result are plain. */
template <auto Function, class... Args> auto pg_call(Args... args) -> decltype(Function(args...))
{
    using Result = decltype(Function(args...));
    static_assert((std::is_trivially_copyable_v<Args> && ...), "a longjmp skips the arguments' destructors");

    sigjmp_buf *const outer_handler = PG_exception_stack;
    ErrorContextCallback *const outer_callbacks = error_context_stack;
    const MemoryContext context = CurrentMemoryContext;
    const auto restore = [&] {
        PG_exception_stack = outer_handler;
        error_context_stack = outer_callbacks;
    };

    sigjmp_buf handler;
    if (sigsetjmp(handler, 0) == 0) {
        PG_exception_stack = &handler;
        if constexpr (std::is_void_v<Result>) {
            Function(args...);
            restore();
            return;
        } else {
            const Result result = Function(args...);
            restore();
            return result;
        }
    }
    restore();
    MemoryContextSwitchTo(context);
    ErrorData *const data = CopyErrorData();
    FlushErrorState();
    throw PgError(data);
}

} // namespace analytics::pg
