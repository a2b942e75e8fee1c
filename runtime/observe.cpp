#include "observe.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace analytics::runtime {
namespace {

struct Entry {
    Event event;
    std::string_view name;
    Level level;
};

constexpr std::array table{
    Entry{Event::started, "started", Level::info},
    Entry{Event::stopping, "stopping", Level::info},
    Entry{Event::stopped, "stopped", Level::info},
    Entry{Event::setting_refused, "setting_refused", Level::error},
    Entry{Event::check_passed, "check_passed", Level::info},
    Entry{Event::dependency_unreachable, "dependency_unreachable", Level::error},
    Entry{Event::fault, "fault", Level::error},
    Entry{Event::database_connected, "database_connected", Level::debug},
    Entry{Event::database_unavailable, "database_unavailable", Level::warning},
    Entry{Event::database_recovered, "database_recovered", Level::info},
    Entry{Event::database_refused, "database_refused", Level::error},
    Entry{Event::database_notice, "database_notice", Level::info},
    Entry{Event::database_called, "database_called", Level::debug},
    Entry{Event::spans_sent, "spans_sent", Level::debug},
    Entry{Event::spans_dropped, "spans_dropped", Level::debug},
    Entry{Event::collector_unavailable, "collector_unavailable", Level::warning},
    Entry{Event::collector_recovered, "collector_recovered", Level::info},
    Entry{Event::kafka_notice, "kafka_notice", Level::warning},
    Entry{Event::kafka_unavailable, "kafka_unavailable", Level::warning},
    Entry{Event::kafka_recovered, "kafka_recovered", Level::info},
    Entry{Event::partitions_assigned, "partitions_assigned", Level::info},
    Entry{Event::partitions_revoked, "partitions_revoked", Level::info},
    Entry{Event::partition_claimed, "partition_claimed", Level::info},
    Entry{Event::partitions_ready, "partitions_ready", Level::info},
    Entry{Event::partition_stopped, "partition_stopped", Level::error},
    Entry{Event::gap_accepted, "gap_accepted", Level::info},
    Entry{Event::partition_rewound, "partition_rewound", Level::warning},
    Entry{Event::batches_shortened, "batches_shortened", Level::warning},
    Entry{Event::batches_restored, "batches_restored", Level::info},
    Entry{Event::record_failing, "record_failing", Level::error},
    Entry{Event::group_waiting, "group_waiting", Level::warning},
    Entry{Event::group_of_another_store, "group_of_another_store", Level::error},
    Entry{Event::group_adopted, "group_adopted", Level::warning},
    Entry{Event::partition_fenced, "partition_fenced", Level::warning},
    Entry{Event::partition_progress, "partition_progress", Level::debug},
    Entry{Event::consumption_paused, "consumption_paused", Level::warning},
    Entry{Event::consumption_resumed, "consumption_resumed", Level::info},
    Entry{Event::batch_committed, "batch_committed", Level::debug},
    Entry{Event::records_refused, "records_refused", Level::warning},
    Entry{Event::dead_letters_published, "dead_letters_published", Level::info},
    Entry{Event::dead_letter_unpublishable, "dead_letter_unpublishable", Level::error},
    Entry{Event::publishing_paused, "publishing_paused", Level::warning},
    Entry{Event::publishing_resumed, "publishing_resumed", Level::info},
    Entry{Event::keys_loaded, "keys_loaded", Level::info},
    Entry{Event::keys_refused, "keys_refused", Level::error},
    Entry{Event::listening, "listening", Level::info},
    Entry{Event::request_served, "request_served", Level::debug},
    Entry{Event::request_failed, "request_failed", Level::warning},
    Entry{Event::overloaded, "overloaded", Level::warning},
};

constexpr bool in_order()
{
    for (std::size_t i = 0; i < table.size(); ++i)
        if (static_cast<std::size_t>(table[i].event) != i) return false;
    return table.back().event == Event::overloaded;
}
static_assert(in_order(), "an entry for every event, in the enumeration's order");

const Entry &entry(Event event)
{
    return table[static_cast<std::size_t>(event)];
}

const Value *value_of(std::span<const Field> fields, std::string_view name) noexcept
{
    const auto found =
        std::find_if(fields.begin(), fields.end(), [&](const Field &field) { return field.name == name; });
    return found == fields.end() ? nullptr : &found->value;
}

} // namespace

std::string_view name(Event event) noexcept
{
    return entry(event).name;
}

Level level(Event event) noexcept
{
    return entry(event).level;
}

std::string_view text(std::span<const Field> fields, std::string_view name) noexcept
{
    const auto *value = value_of(fields, name);
    const auto *text = value == nullptr ? nullptr : std::get_if<std::string_view>(value);
    return text == nullptr ? std::string_view() : *text;
}

const Json *json(std::span<const Field> fields, std::string_view name) noexcept
{
    const auto *value = value_of(fields, name);
    return value == nullptr ? nullptr : std::get_if<Json>(value);
}

std::optional<double> number(std::span<const Field> fields, std::string_view name) noexcept
{
    const auto *value = value_of(fields, name);
    if (value == nullptr) return {};
    if (const auto *integer = std::get_if<std::int64_t>(value)) return static_cast<double>(*integer);
    if (const auto *real = std::get_if<double>(value)) return *real;
    return {};
}

} // namespace analytics::runtime
