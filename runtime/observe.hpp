/* What a daemon may say about itself: a closed set of events, each with fields. Code observes; who listens (the log,
 * a test, metrics) is decided in main. An event's level belongs to the event, not to the place that observes it.
 *
 * Fields never carry a payload, a key or a secret. Views need to live only as long as the call. */
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace analytics::runtime {

enum class Level : std::uint8_t { debug, info, warning, error };

enum class Event : std::uint8_t {
    // both daemons
    started,
    stopping,
    stopped,
    setting_refused,
    check_passed,
    dependency_unreachable,
    fault,
    database_connected,
    database_unavailable,
    database_recovered,
    database_refused,
    database_notice,
    database_called,
    spans_sent,
    spans_dropped,
    collector_unavailable,
    collector_recovered,
    // ingestor
    kafka_notice,
    kafka_unavailable,
    kafka_recovered,
    partitions_assigned,
    partitions_revoked,
    partition_claimed,
    partitions_ready,
    partition_stopped,
    gap_accepted,
    partition_rewound,
    batches_shortened,
    batches_restored,
    record_failing,
    group_waiting,
    group_of_another_store,
    group_adopted,
    partition_fenced,
    partition_progress,
    consumption_paused,
    consumption_resumed,
    batch_committed,
    records_refused,
    dead_letters_published,
    dead_letter_unpublishable,
    publishing_paused,
    publishing_resumed,
    // http
    keys_loaded,
    keys_refused,
    listening,
    request_served,
    request_failed,
    overloaded,
};

std::string_view name(Event event) noexcept;
Level level(Event event) noexcept;

/** Text that is JSON already, embedded as it is: the caller vouches for its validity (it comes from a jsonb). */
struct Json {
    std::string_view text;
};

using Value = std::variant<std::int64_t, double, bool, std::string_view, Json>;

struct Field {
    template <class T> Field(std::string_view field_name, const T &field_value)
        : name(field_name), value(of(field_value))
    {
    }

    std::string_view name;
    Value value;

private:
    template <class T> static Value of(const T &value)
    {
        if constexpr (std::same_as<T, bool> || std::same_as<T, Json> || std::same_as<T, Value>)
            return value;
        else if constexpr (std::integral<T>)
            return static_cast<std::int64_t>(value);
        else if constexpr (std::floating_point<T>)
            return static_cast<double>(value);
        else
            return std::string_view(value);
    }
};

/** The field of that name, nothing when it is not there or no such thing. */
[[nodiscard]] std::string_view text(std::span<const Field> fields, std::string_view name) noexcept;
[[nodiscard]] const Json *json(std::span<const Field> fields, std::string_view name) noexcept;
[[nodiscard]] std::optional<double> number(std::span<const Field> fields, std::string_view name) noexcept;

/** Safe to call from several threads at once. */
class Observer {
public:
    virtual ~Observer() = default;

    void operator()(Event event, std::initializer_list<Field> fields = {})
    {
        observe(event, {fields.begin(), fields.size()});
    }

    virtual void observe(Event event, std::span<const Field> fields) = 0;

    /** The daemon's loop lives: it says so at every turn, and while it waits within one. From that thread only. */
    virtual void alive() {}
};

/** Tells each of several, in their order; they must live as long. */
class Observers final : public Observer {
public:
    explicit Observers(std::initializer_list<Observer *> observers) : observers_(observers) {}

    void observe(Event event, std::span<const Field> fields) override
    {
        for (Observer *observer : observers_) observer->observe(event, fields);
    }
    void alive() override
    {
        for (Observer *observer : observers_) observer->alive();
    }

private:
    std::vector<Observer *> observers_;
};

} // namespace analytics::runtime
