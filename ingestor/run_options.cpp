#include "run_options.hpp"

#include "../runtime/setting.hpp"

#include <random>

namespace analytics::ingestor {

using runtime::Key;

RunOptions run_options(const runtime::Settings &settings, bool adopts_group)
{
    const bool starts_late = settings.text(Key::kafka_auto_offset_reset) == "latest";
    return {.limits = {.records = static_cast<std::size_t>(settings.integer(Key::batch_records)),
                       .bytes = static_cast<std::size_t>(settings.integer(Key::batch_bytes)),
                       .age = settings.milliseconds(Key::batch_ms)},
            .group = settings.text(Key::kafka_consumer_group),
            .adopts_group = adopts_group,
            .first_start = starts_late ? FirstStart::latest : FirstStart::earliest,
            .seed = std::random_device()()};
}

} // namespace analytics::ingestor
