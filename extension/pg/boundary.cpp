#include "boundary.hpp"

namespace analytics::pg {

void Fault::raise() const
{
    if (data_ != nullptr) ReThrowError(data_);
    ereport(ERROR, (errcode(sqlstate_), errmsg_internal("%s", message_)));
    pg_unreachable();
}

} // namespace analytics::pg
