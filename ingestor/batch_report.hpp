/* What is reported of a batch when its outcome is known. */
#pragma once

#include "../runtime/observe.hpp"
#include "writer_workers.hpp"

namespace analytics::ingestor {

/** duration: of the database's work. */
void report_committed(runtime::Observer &observe, const InFlightBatch &in_flight, const Committed &committed,
                      Time::duration duration, Time now);

/** records: all that are dropped with the batch. */
void report_fenced(runtime::Observer &observe, const InFlightBatch &batch, std::size_t records);

} // namespace analytics::ingestor
