/* The settings analytics.*, with the values that they have in this session now. */
#pragma once

#include "../../core/json.hpp"

namespace analytics::pg {

struct Settings {
    int max_event_bytes;
    int max_depth;
    bool deduplicate;
    bool keep_skipped;
    int metrics_window_minutes;
    int partition_interval; // only SQL reads this and the next two
    int group_timeout;      // minutes
    bool append_bags;
};

const Settings &settings() noexcept;

core::Limits limits() noexcept;

/** Defines the settings and reserves their prefix; once, when the library is loaded. */
void define_settings();

} // namespace analytics::pg
