/* The settings analytics.*, as this session has them now. */
#pragma once

#include "../../core/json.hpp"

namespace analytics::pg {

enum class PartitionInterval { day, week, month, year };

struct Settings {
    int max_event_bytes;
    int max_depth;
    bool deduplicate;
    bool keep_skipped;
    int metrics_window_minutes;
    int partition_interval; // a PartitionInterval
    bool append_bags;       // read by the trigger _analytics_refuse_bags
};

const Settings &settings() noexcept;

core::Limits limits() noexcept;

/** Defines the settings and reserves their prefix; once, when the library is loaded. */
void define_settings();

} // namespace analytics::pg
