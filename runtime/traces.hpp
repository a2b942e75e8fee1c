/* The traces: an observer that makes spans of what it hears while a thread has a Work in hand, and sends them to an
 * OpenTelemetry collector (OTLP over HTTP, JSON) from a thread of its own.
 *
 *     database_called    a span of its own, child of the work in hand
 *     batch_committed    the work in hand itself: it began when the batch's first record came
 *     request_served     likewise: it began with the request's first byte
 *
 * The work never waits for the collector. Spans wait in a queue that holds 2048 of them (about 1 MiB; OpenTelemetry's own
 * default); what finds it full, and what the collector does not take within its time, is dropped and counted
 * (spans_dropped). Traces are a sample of the truth, and only the latest of them are worth having.
 *
 * Settings are OpenTelemetry's own: OTEL_EXPORTER_OTLP_ENDPOINT or _TRACES_ENDPOINT, without which nothing of this is
 * made; OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_TIMEOUT, OTEL_SERVICE_NAME, OTEL_BSP_SCHEDULE_DELAY, OTEL_SDK_DISABLED. */
#pragma once

#include "observe.hpp"
#include "otlp.hpp"
#include "setting.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace analytics::runtime {

struct TracesOptions {
    std::string url; // empty: no traces are wanted
    std::vector<std::string> headers = {};
    std::string service;
    std::chrono::milliseconds timeout{10'000}; // of one request
    std::chrono::milliseconds delay{5'000};    // that a span waits for company
};

/** As OpenTelemetry's variables say; what can't be read is as if it were not there. */
[[nodiscard]] TracesOptions traces_options(std::string_view service, const Environment &environment);

class Traces final : public Observer {
public:
    /** tell hears what became of spans; it must live as long, and must not be or hold this observer itself. */
    Traces(TracesOptions options, Observer &tell);
    /** Gives up what is being sent, and sends what came last, within a second each. */
    ~Traces() override;
    Traces(const Traces &) = delete;
    Traces &operator=(const Traces &) = delete;

    void observe(Event event, std::span<const Field> fields) override;

private:
    void add(Span span);
    void run(const std::stop_token &stop);
    void send(const std::vector<Span> &spans, const std::stop_token &stop, bool is_last);
    void dropped(std::size_t spans, std::string_view why);

    TracesOptions options_;
    std::vector<Attribute> resource_;
    Observer &tell_;
    bool is_away_ = false; // the sending thread's own

    std::mutex mutex_;
    std::condition_variable_any has_spans_;
    std::vector<Span> queue_;
    std::size_t overflown_ = 0; // spans
    std::jthread thread_;
};

} // namespace analytics::runtime
