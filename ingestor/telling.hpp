/* What is told of a batch when its end is known. */
#pragma once

#include "../runtime/observe.hpp"
#include "lanes.hpp"

namespace analytics::ingestor {

/** took: by the database. */
void tell_committed(runtime::Observer &observe, const Cargo &cargo, const Committed &committed, Time::duration took,
                    Time now);

/** records: all that are dropped with it. */
void tell_fenced(runtime::Observer &observe, const Cargo &cargo, std::size_t records);

} // namespace analytics::ingestor
