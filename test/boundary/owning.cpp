/* Objects that a memory context owns, and every way in which they are destroyed. */

#include "counted.hpp"
#include "owned.hpp"

#include <stdexcept>
#include <string_view>

namespace boundary {
namespace {

using analytics::pg::make_owned;

/* A part of it is made when its constructor gives up; that part must be destroyed, the whole must not. */
class Fragile {
public:
    Fragile() { throw std::runtime_error("a constructor failed"); }

private:
    Counted part_;
};

void own(int count, std::string_view fate)
{
    MemoryContext owner = CurrentMemoryContext;
    if (fate == "reset" || fate == "delete")
        owner = AllocSetContextCreate(CurrentMemoryContext, "boundary owner", ALLOCSET_SMALL_SIZES);
    else if (fate == "subtransaction")
        owner = CurTransactionContext;
    else if (fate == "transaction")
        owner = TopTransactionContext;

    for (int i = 0; i < count; ++i) make_owned<Counted>(owner);

    if (fate == "reset")
        MemoryContextReset(owner);
    else if (fate == "delete")
        MemoryContextDelete(owner);
    else if (fate == "constructor")
        make_owned<Fragile>(owner);
    else if (fate == "error")
        ereport(ERROR, (errcode(ERRCODE_RAISE_EXCEPTION), errmsg("the owner failed")));
}

} // namespace
} // namespace boundary

ANALYTICS_FUNCTION(boundary_own)
{
    boundary::own(PG_GETARG_INT32(0), text_to_cstring(PG_GETARG_TEXT_PP(1)));
    PG_RETURN_VOID();
}
