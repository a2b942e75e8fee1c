/* What the core throws, beside std::bad_alloc: a promise of its own code did not hold. Bad input is never an exception,
 * it is a Refusal. */
#pragma once

#include <stdexcept>

namespace analytics::core {

/** An internal error; what() names the broken promise, never the input. */
class Error : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/** Bytes of the product's own that are not as it wrote them; what() says where they break the format. */
class Corrupt : public Error {
public:
    using Error::Error;
};

} // namespace analytics::core
