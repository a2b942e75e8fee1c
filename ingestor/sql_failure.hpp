/* A database's error as the loop's Failure. */
#pragma once

#include "../runtime/db_session.hpp"
#include "writer.hpp"

#include <variant>

namespace analytics::ingestor {

[[nodiscard]] inline Failure failure_of(const runtime::DbError &error)
{
    return {error.is_transient(), error.sqlstate(), error.what(), error.hint()};
}

/** What the call returns, or why it failed. After a failure that may pass, the session connects again. */
template <class Value, class Call> std::variant<Value, Failure> answer_of(runtime::DbSession &session, Call call)
try {
    return call();
} catch (const runtime::DbError &error) {
    if (error.is_transient()) session.disconnect();
    return failure_of(error);
}

} // namespace analytics::ingestor
