#include "settings.hpp"

#include "postgres.hpp"

extern "C" {
#include "utils/guc.h"
}

#include <climits>

namespace analytics::pg {
namespace {

Settings current{};

/* jsonb holds at most 256 MiB a container, and an array of one-digit numbers grows sixfold on its way there. */
constexpr int largest_event_bytes = 32 * 1024 * 1024;

/* The payload's writer recurses once a level. */
constexpr int largest_depth = 1024;

constexpr int minutes_per_day = 24 * 60;
constexpr int seconds_per_day = 60 * minutes_per_day;
constexpr int off = -1;

constexpr int number_of(core::CalendarUnit unit)
{
    return static_cast<int>(unit);
}

const config_enum_entry partition_intervals[] = {
    {"day", number_of(core::CalendarUnit::day), false},
    {"week", number_of(core::CalendarUnit::week), false},
    {"month", number_of(core::CalendarUnit::month), false},
    {"year", number_of(core::CalendarUnit::year), false},
    {nullptr, 0, false},
};

constexpr int number_of(core::ContractMode mode)
{
    return static_cast<int>(mode);
}

const config_enum_entry unregistered_modes[] = {
    {"accept", number_of(core::ContractMode::accept), false},
    {"observe", number_of(core::ContractMode::observe), false},
    {"refuse", number_of(core::ContractMode::refuse), false},
    {nullptr, 0, false},
};

} // namespace

const Settings &settings() noexcept
{
    return current;
}

core::Limits limits() noexcept
{
    return {.max_bytes = static_cast<std::size_t>(current.max_event_bytes),
            .max_depth = static_cast<std::uint32_t>(current.max_depth)};
}

core::TimeLimits time_limits() noexcept
{
    constexpr std::int64_t micros_per_second = 1'000'000;
    return {.max_future = current.max_future * micros_per_second, .max_past = current.max_past * micros_per_second};
}

core::ContractMode unregistered_types() noexcept
{
    return static_cast<core::ContractMode>(current.unregistered_types);
}

core::CalendarUnit partition_unit() noexcept
{
    return static_cast<core::CalendarUnit>(current.partition_interval);
}

void define_settings()
{
    DefineCustomIntVariable("analytics.max_event_bytes",
                            "Largest record that is accepted; a larger one is refused as too_large.", nullptr,
                            &current.max_event_bytes, 1024 * 1024, 2, largest_event_bytes, PGC_USERSET, GUC_UNIT_BYTE,
                            nullptr, nullptr, nullptr);
    DefineCustomIntVariable("analytics.max_depth",
                            "Deepest nesting that is accepted; a deeper record is refused as too_deep.",
                            "The outermost object is level 1.", &current.max_depth, 64, 1, largest_depth, PGC_USERSET,
                            0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("analytics.max_future",
                            "How far ahead of the ingestion time an event's own time may be; -1: any time.",
                            "Later ones are refused as implausible_time.", &current.max_future, seconds_per_day, off,
                            INT_MAX, PGC_USERSET, GUC_UNIT_S, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("analytics.max_past",
                            "How far behind the ingestion time an event's own time may be; -1: any time.",
                            "Earlier ones are refused as implausible_time.", &current.max_past, off, off, INT_MAX,
                            PGC_USERSET, GUC_UNIT_S, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable("analytics.accept_time", "Stores an event whatever its own time is.",
                             "Takes the limits of time away, also those of shapes.", &current.accept_time, false,
                             PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomEnumVariable("analytics.unregistered_types",
                             "What becomes of events whose type or version has no row in analytics_contracts.",
                             "observe: they are counted in analytics_contract_findings. refuse: they are refused.",
                             &current.unregistered_types, number_of(core::ContractMode::accept), unregistered_modes,
                             PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable("analytics.deduplicate", "Derives the id of an event from its natural key.",
                             "If off, every event is stored, even if it is delivered again.", &current.deduplicate,
                             true, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable("analytics.keep_skipped", "Keeps objects of unknown shape in analytics_dead_letters.",
                             nullptr, &current.keep_skipped, true, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("analytics.metrics_window_minutes", "Window of analytics_summary when none is given.",
                            nullptr, &current.metrics_window_minutes, 60, 5, 10080, PGC_USERSET, GUC_UNIT_MIN, nullptr,
                            nullptr, nullptr);
    DefineCustomEnumVariable("analytics.partition_interval", "Length of new partitions.",
                             "Days, ISO weeks, months and years of UTC. Existing partitions stay as they are.",
                             &current.partition_interval, number_of(core::CalendarUnit::month), partition_intervals,
                             PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("analytics.group_timeout",
                            "A consumer group that nobody has owned for so long no longer counts as lag; -1: never.",
                            nullptr, &current.group_timeout, 7 * minutes_per_day, off, INT_MAX, PGC_USERSET,
                            GUC_UNIT_MIN, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable("analytics.append_bags", "Lets INSERT add rows to the tables of bags.",
                             "The functions that repair counts set it. Rows that others insert are counted twice.",
                             &current.append_bags, false, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    MarkGUCPrefixReserved("analytics");
}

} // namespace analytics::pg
