/* What one event is to a projection: the values at its paths, found in the payload's jsonb, in the core's terms.
 *
 * A value is absent where #> would answer null, and a JSON null is like an absent one. One of another type than the
 * projection asks for is taken as absent, too, and makes the event a mismatch. */
#pragma once

#include "../../core/cells.hpp"
#include "../../core/dimension_key.hpp"
#include "../../core/projection.hpp"
#include "../border/postgres.hpp"

extern "C" {
#include "utils/jsonb.h"
}

namespace analytics::pg {

class Observer {
public:
    /** Of a projection that outlives it. */
    explicit Observer(const core::Projection &projection);

    /** Valid until the next look. PostgreSQL phase; may leave a copy of the payload in the current memory context. */
    const core::Observation &look(Datum payload);

private:
    void put_dimension(core::ValueType type, const JsonbValue *found);
    void put_number(core::ValueType type, const JsonbValue &found);
    void put_measure(std::size_t measure, const JsonbValue *found);

    const core::Projection &projection_;
    core::Observation observation_;
    core::KeyWriter key_;
    core::Decimal decimal_;
    core::ExactNumber number_;
};

} // namespace analytics::pg
