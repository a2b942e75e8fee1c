/* The settings analytics.*, with the values that they have in this session now. */
#pragma once

#include "../../core/contract.hpp"
#include "../../core/json.hpp"
#include "../../core/partition_length.hpp"
#include "../../core/plausible.hpp"

namespace analytics::pg {

struct Settings {
    int max_event_bytes;
    int max_depth;
    bool deduplicate;
    int max_future; // seconds; -1: off
    int max_past;
    bool accept_time;
    bool keep_skipped;
    int metrics_window_minutes;
    int partition_interval;
    int unregistered_types;
    int group_timeout; // minutes; only SQL reads this and the next
    bool append_bags;
};

const Settings &settings() noexcept;

core::Limits limits() noexcept;

core::TimeLimits time_limits() noexcept;

/** analytics.unregistered_types */
core::ContractMode unregistered_types() noexcept;

/** analytics.partition_interval */
core::CalendarUnit partition_unit() noexcept;

/** Defines the settings and reserves their prefix; once, when the library is loaded. */
void define_settings();

} // namespace analytics::pg
