/* What is told of a batch that is committed. */
#pragma once

#include "../runtime/observe.hpp"
#include "lanes.hpp"

namespace analytics::ingestor {

/** took: by the database. */
void tell_committed(runtime::Observer &observe, const Cargo &cargo, const Committed &committed, Time::duration took,
                    Time now);

} // namespace analytics::ingestor
