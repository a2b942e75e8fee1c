/* What the core throws, beside std::bad_alloc: its own code is wrong. Bad input is never an exception, it is a
 * Refusal. */
#pragma once

#include <exception>
#include <stdexcept>

namespace analytics::core {

/** An internal error; what() says what is wrong, never the input. */
class Error : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/** Stored bytes that break their own format; what() says how. */
class Corrupt : public Error {
public:
    using Error::Error;
};

/** The caller wants the work to end; there is no result. */
class Interrupted : public std::exception {
public:
    [[nodiscard]] const char *what() const noexcept override { return "interrupted"; }
};

/** Whether the work is to end. Work that may take long asks now and then, and throws Interrupted. */
using InterruptCheck = bool (*)() noexcept;

} // namespace analytics::core
