#include "database.hpp"

namespace analytics::ingestor {

Failure failure_of(const runtime::DbError &error)
{
    return {error.is_transient(), error.sqlstate(), error.what(), error.hint()};
}

} // namespace analytics::ingestor
