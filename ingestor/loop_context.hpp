/* What all parts of the loop share. */
#pragma once

#include "../runtime/exit.hpp"
#include "../runtime/observe.hpp"
#include "clock.hpp"
#include "consumer.hpp"
#include "run_options.hpp"
#include "writer_workers.hpp"

#include <optional>
#include <stop_token>

namespace analytics::ingestor {

struct LoopContext {
    Consumer &consumer;
    WriterWorkers &workers;
    Clock &clock;
    std::stop_token stop;
    runtime::Observer &observe;
    const RunOptions &options;
    std::optional<runtime::ExitCode> end = {}; // why the loop must end before a stop is requested

    [[nodiscard]] Time now() const { return clock.now(); }
    [[nodiscard]] bool is_ending() const noexcept { return end.has_value(); }
};

/* With no record buffered there is nothing to wake up for but a stop. */
inline constexpr Milliseconds idle_poll{100};

} // namespace analytics::ingestor
