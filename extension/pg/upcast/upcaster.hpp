/* Calls upcasts: what a payload is in the newest version. Only here is an upcast called for an event.
 *
 * An Upcaster is made for one statement. It looks up each function once, and plans its call, so a function in SQL may
 * be inlined. An upcast runs in a security-restricted operation with the rights of the owner of analytics_contracts,
 * and with the search_path pg_catalog, pg_temp: the result depends neither on who asks nor on the session's schemas.
 *
 * PostgreSQL phases. What it allocates belongs to a memory context. */
#pragma once

#include "../../core/upcast_chain.hpp"
#include "../border/extension_schema.hpp"

#include <string_view>

namespace analytics::pg {

class Upcaster {
public:
    /** The chain and the schema must outlive it. Allocates nothing. */
    Upcaster(MemoryContext context, const ExtensionSchema &schema, const core::UpcastChain &chain) noexcept
        : context_(context), schema_(schema), chain_(chain)
    {
    }

    /** The payload of an event in the newest version; the same Datum when no upcast is due. Valid until the next call.
     * Any error of an upcast is raised: 42501 if it must not be called, 22023 if it makes no object. */
    Datum latest(std::string_view event_type, Datum payload);

    /** The same, but where latest raises an error about the payload or the function, the answer is the payload itself.
     * An error of the server or of the session is raised. */
    Datum latest_or_stored(std::string_view event_type, Datum payload);

private:
    struct Call;

    [[nodiscard]] std::size_t first_step(std::string_view event_type, Datum payload) const;
    Datum upcast(std::size_t first, Datum payload);
    Datum follow(std::size_t first, Datum payload);
    const Call &prepared(std::size_t step);
    void forget_call();

    MemoryContext context_;
    const ExtensionSchema &schema_;
    const core::UpcastChain &chain_;
    MemoryContext memory_ = nullptr;  // for what follows
    MemoryContext results_ = nullptr; // of one event
    Call *calls_ = nullptr;           // one for each step
    std::size_t current_ = 0;         // the step that is being called
    Oid role_ = InvalidOid;
};

} // namespace analytics::pg
