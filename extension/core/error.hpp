/* What the core throws, beside std::bad_alloc: its own code is wrong. Bad input is never an exception, it is a
 * Refusal. */
#pragma once

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

} // namespace analytics::core
