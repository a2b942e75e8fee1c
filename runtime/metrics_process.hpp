/* What Prometheus expects of every process, by the names that it gives them (process_*), read from /proc. */
#pragma once

#include "metrics.hpp"

namespace analytics::runtime {

/** What can't be read is left out. */
void measure_process(MetricFamilies &families);

} // namespace analytics::runtime
