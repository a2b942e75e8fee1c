/* Reads the values of a projection's dimensions and measures from an event's payload.
 *
 * This is the only place that decides which payload a projection sees: the stored one after the projection's upcasts,
 * or the stored one where an upcast fails. Counting, reading back, comparing and building all come here.
 *
 * A value is absent where #> returns null; a JSON null counts as absent. A value of another type than the projection's
 * is taken as absent too, and the event counts as mismatched. */
#pragma once

#include "../../core/cells.hpp"
#include "../../core/dimension_key.hpp"
#include "../../core/projection.hpp"
#include "../upcast/upcaster.hpp"
#include "rules.hpp"

extern "C" {
#include "utils/jsonb.h"
}

namespace analytics::pg {

class PayloadReader {
public:
    /** The rule and the schema must outlive it. The context keeps what upcasting needs. */
    PayloadReader(MemoryContext context, const ExtensionSchema &schema, const ProjectionRule &rule);

    /** Valid until the next read. PostgreSQL phase; may leave a copy of the payload in the current memory context. */
    const core::ProjectedEvent &read(std::string_view event_type, Datum payload);

private:
    void put_dimension(core::ValueType type, const JsonbValue *found);
    void put_number(core::ValueType type, const JsonbValue &found);
    void put_measure(std::size_t measure, const JsonbValue *found);

    const core::Projection &projection_;
    Upcaster upcaster_;
    core::ProjectedEvent event_;
    core::KeyWriter key_;
    core::Decimal decimal_;
    core::ExactNumber number_;
};

} // namespace analytics::pg
