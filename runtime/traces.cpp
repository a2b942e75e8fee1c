#include "traces.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace analytics::runtime {
namespace {

constexpr std::size_t queue_bound = 2'048;           // spans: see the head of traces.hpp
constexpr std::size_t enough = 512;                  // spans that are sent without delay
constexpr std::chrono::milliseconds farewell{1'000}; // a stop has ten seconds for everything
constexpr double nanos_per_milli = 1e6;
constexpr int first_server_error = 500;
constexpr long first_refusal = 300;

std::int64_t now_ns()
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

/* A span that ends now and took so long. */
SpanData span_data(const Span &span, SpanKind kind, std::string title, double took_ms)
{
    const std::int64_t end = now_ns();
    return {.context = span.context,
            .parent_id = span.parent_id,
            .title = std::move(title),
            .kind = kind,
            .start_ns = end - static_cast<std::int64_t>(took_ms * nanos_per_milli),
            .end_ns = end,
            .links = span.links,
            .dropped_links = span.dropped_links};
}

SpanData span_of(const Span &current, const event::BatchCommitted &batch)
{
    SpanData span =
        span_data(current, SpanKind::consumer, "process " + std::string(batch.topic), batch.age_milliseconds);
    span.attributes = {{"messaging.system", "kafka"},
                       {"messaging.operation.type", "process"},
                       {"messaging.destination.name", std::string(batch.topic)},
                       {"messaging.destination.partition.id", std::to_string(batch.partition)},
                       {"messaging.batch.message_count", static_cast<std::int64_t>(batch.records)},
                       {"messaging.kafka.offset", batch.offset},
                       {"analytics.stored", batch.stored},
                       {"analytics.duplicates", batch.duplicates},
                       {"analytics.dead_lettered", batch.dead_lettered},
                       {"analytics.skipped", batch.skipped}};
    return span;
}

SpanData span_of(const Span &current, const event::RequestServed &request)
{
    const std::string method(request.method);
    const std::string route(request.route);
    SpanData span =
        span_data(current, SpanKind::server, route == "-" ? method : method + " " + route, request.milliseconds);
    span.attributes = {{"http.request.method", method},
                       {"http.response.status_code", static_cast<std::int64_t>(request.status)}};
    if (route != "-") span.attributes.emplace_back("http.route", route);
    span.is_failed = request.status >= first_server_error;
    return span;
}

SpanData span_of(const Span &current, const event::DatabaseCalled &call)
{
    const std::string statement(call.statement);
    const std::string sqlstate(call.sqlstate);
    SpanData span = span_data({.context = new_span(current.context), .parent_id = current.context.span_id},
                              SpanKind::client, statement, call.milliseconds);
    span.attributes = {
        {"db.system.name", "postgresql"}, {"db.query.summary", statement}, {"db.response.status_code", sqlstate}};
    span.is_failed = sqlstate != "00000";
    if (span.is_failed) span.message = "SQLSTATE " + sqlstate;
    return span;
}

/* curl asks about once a second: a stop does not wait for a request that began before it. */
struct Progress {
    const std::stop_token &stop;
    bool is_last;
};

int must_end(void *asked, curl_off_t, curl_off_t, curl_off_t, curl_off_t)
{
    const auto &progress = *static_cast<const Progress *>(asked);
    return !progress.is_last && progress.stop.stop_requested() ? 1 : 0;
}

} // namespace

Traces::Traces(TracesOptions options, Observer &report)
    : options_(std::move(options)), resource_{{"service.name", options_.service},
                                              {"service.version", ANALYTICS_VERSION},
                                              {"process.pid", static_cast<std::int64_t>(getpid())}},
      report_(report)
{
    if (options_.url.empty()) return;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    thread_ = std::jthread([this](const std::stop_token &stop) { run(stop); });
}

Traces::~Traces() = default;

void Traces::observe(const Event &event)
{
    if (options_.url.empty()) return;
    const Span *current = SpanScope::current();
    if (current == nullptr || !current->context.is_sampled) return;
    if (const auto *call = event.get_if<event::DatabaseCalled>())
        add(span_of(*current, *call));
    else if (const auto *batch = event.get_if<event::BatchCommitted>())
        add(span_of(*current, *batch));
    else if (const auto *request = event.get_if<event::RequestServed>())
        add(span_of(*current, *request));
}

void Traces::add(SpanData span)
{
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= queue_bound) {
        ++overflown_;
        return;
    }
    queue_.push_back(std::move(span));
    if (queue_.size() == enough) has_spans_.notify_one();
}

void Traces::run(const std::stop_token &stop)
{
    for (bool is_last = false; !is_last;) {
        std::vector<SpanData> spans;
        std::size_t overflown = 0;
        {
            std::unique_lock lock(mutex_);
            has_spans_.wait_for(lock, stop, options_.delay, [this] { return queue_.size() >= enough; });
            is_last = stop.stop_requested();
            spans.swap(queue_);
            overflown = std::exchange(overflown_, 0);
        }
        if (overflown > 0) dropped(overflown, "the queue was full");
        if (!spans.empty()) send(spans, stop, is_last);
    }
}

void Traces::send(const std::vector<SpanData> &spans, const std::stop_token &stop, bool is_last)
{
    const std::chrono::milliseconds timeout = is_last ? farewell : options_.timeout;
    const Progress progress{stop, is_last};
    const std::string body = otlp_json(resource_, spans);
    curl_slist *list = curl_slist_append(nullptr, "Content-Type: application/json");
    list = curl_slist_append(list, "Expect:"); // no waiting for 100
    for (const std::string &header : options_.headers) list = curl_slist_append(list, header.c_str());
    const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list, curl_slist_free_all);
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> request(curl_easy_init(), curl_easy_cleanup);

    long status = 0;
    CURLcode code = CURLE_FAILED_INIT;
    if (request) {
        CURL *curl = request.get();
        curl_easy_setopt(curl, CURLOPT_URL, options_.url.c_str());
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); // signals are the daemon's
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
        curl_easy_setopt(
            curl, CURLOPT_WRITEFUNCTION, +[](char *, std::size_t, std::size_t n, void *) { return n; });
        curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &progress);
        curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, must_end);
        code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    }
    if (code == CURLE_OK && status < first_refusal) {
        report_(event::SpansSent{.spans = spans.size()});
        if (std::exchange(is_away_, false)) report_(event::CollectorRecovered{});
        return;
    }
    dropped(spans.size(),
            code == CURLE_OK ? fmt::format("the collector answered {}", status) : curl_easy_strerror(code));
}

void Traces::dropped(std::size_t spans, std::string_view why)
{
    report_(event::SpansDropped{.spans = spans, .message = why});
    if (!std::exchange(is_away_, true)) report_(event::CollectorUnavailable{.message = why});
}

} // namespace analytics::runtime
