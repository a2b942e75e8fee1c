#include "publish_only.hpp"

#include "clock.hpp"
#include "loop_context.hpp"

namespace analytics::ingestor {

runtime::ExitCode publish_only(const std::stop_token &stop, runtime::Observer &observe)
{
    SteadyClock clock;
    observe(event::PublishingOnly{});
    while (!stop.stop_requested()) {
        observe.alive();
        clock.wait(clock.now() + idle_poll, stop);
    }
    observe(event::Stopping{});
    return runtime::ExitCode::stopped;
}

} // namespace analytics::ingestor
