/* Traces: an observer that makes spans of events while the thread has a current span, and sends them to an
 * OpenTelemetry collector (OTLP over HTTP, JSON) from a thread of its own.
 *
 *     database_called    a new span, child of the current one
 *     batch_committed    the current span itself: it began with the batch's first record
 *     request_served     the current span itself: it began with the request's first byte
 *
 * Nothing waits for the collector. Spans wait in a queue of 2048 (about 1 MiB; OpenTelemetry's own default). A span
 * that finds the queue full, or that the collector does not accept in time, is dropped and counted (spans_dropped).
 *
 * Settings are OpenTelemetry's own: OTEL_EXPORTER_OTLP_ENDPOINT or _TRACES_ENDPOINT, without which there are no
 * traces; OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_TIMEOUT, OTEL_SERVICE_NAME, OTEL_BSP_SCHEDULE_DELAY,
 * OTEL_SDK_DISABLED. */
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
    std::string url; // empty: no traces
    std::vector<std::string> headers = {};
    std::string service;
    std::chrono::milliseconds timeout{10'000}; // of one request
    std::chrono::milliseconds delay{5'000};    // that a span waits for others
};

/** From OpenTelemetry's variables; a value that can't be read counts as unset. */
[[nodiscard]] TracesOptions traces_options(std::string_view service, const Environment &environment);

class Traces final : public Observer {
public:
    /** report observes what becomes of spans; it must live as long, and must not be or hold this observer itself. */
    Traces(TracesOptions options, Observer &report);
    /** Cancels the request that is running, then sends the last spans, within a second each. */
    ~Traces() override;
    Traces(const Traces &) = delete;
    Traces &operator=(const Traces &) = delete;

    void observe(const Event &event) override;

private:
    void add(SpanData span);
    void run(const std::stop_token &stop);
    void send(const std::vector<SpanData> &spans, const std::stop_token &stop, bool is_last);
    void dropped(std::size_t spans, std::string_view why);

    TracesOptions options_;
    std::vector<Attribute> resource_;
    Observer &report_;
    bool is_away_ = false; // the sending thread's own

    std::mutex mutex_;
    std::condition_variable_any has_spans_;
    std::vector<SpanData> queue_;
    std::size_t overflown_ = 0; // spans
    std::jthread thread_;
};

} // namespace analytics::runtime
