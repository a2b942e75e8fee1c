/* Reads the values of a projection's dimensions and measures from an event's payload.
 *
 * A value is absent where #> returns null; a JSON null counts as absent. A value of another type than the projection's
 * is taken as absent too, and the event counts as mismatched. */
#pragma once

#include "../../core/cells.hpp"
#include "../../core/dimension_key.hpp"
#include "../../core/projection.hpp"
#include "../border/postgres.hpp"

extern "C" {
#include "utils/jsonb.h"
}

namespace analytics::pg {

class PayloadReader {
public:
    /** The projection must outlive it. */
    explicit PayloadReader(const core::Projection &projection);

    /** Valid until the next read. PostgreSQL phase; may leave a copy of the payload in the current memory context. */
    const core::ProjectedEvent &read(Datum payload);

private:
    void put_dimension(core::ValueType type, const JsonbValue *found);
    void put_number(core::ValueType type, const JsonbValue &found);
    void put_measure(std::size_t measure, const JsonbValue *found);

    const core::Projection &projection_;
    core::ProjectedEvent event_;
    core::KeyWriter key_;
    core::Decimal decimal_;
    core::ExactNumber number_;
};

} // namespace analytics::pg
