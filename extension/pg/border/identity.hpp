/* Running with the identity of another role, as SECURITY DEFINER does. */
#pragma once

#include "postgres.hpp"

extern "C" {
#include "miscadmin.h"
}

namespace analytics::pg {

/** Runs the work with a role's identity. After an error the end of the (sub)transaction resets the identity. With
 * SECURITY_LOCAL_USERID_CHANGE the role's code can't make itself the session's user by RESET ROLE. */
template <class Work> void with_identity_of(Oid role, Work work, int restrictions = SECURITY_LOCAL_USERID_CHANGE)
{
    Oid caller = InvalidOid;
    int context = 0;
    GetUserIdAndSecContext(&caller, &context);
    SetUserIdAndSecContext(role, context | restrictions);
    work();
    SetUserIdAndSecContext(caller, context);
}

} // namespace analytics::pg
