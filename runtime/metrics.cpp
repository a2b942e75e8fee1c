#include "metrics.hpp"

#include <algorithm>
#include <iterator>
#include <prometheus/text_serializer.h>

namespace analytics::runtime {

Metrics::Metrics(const std::string &prefix, const Buckets &call_seconds)
    : call_buckets_(call_seconds),
      call_seconds_(histograms(prefix + "_database_call_duration_seconds",
                               "Duration of database calls, including failed ones, by statement.")),
      spans_(counters(prefix + "_trace_spans_total", "Spans that were sent to the collector or dropped."))
{
}

void Metrics::observe(const Event &event)
{
    if (const auto *called = event.get_if<event::DatabaseCalled>())
        call_seconds_.Add({{"statement", std::string(called->statement)}}, call_buckets_)
            .Observe(called->milliseconds / millis_per_second);
    else if (const auto *sent = event.get_if<event::SpansSent>())
        spans_.Add({{"outcome", "sent"}}).Increment(static_cast<double>(sent->spans));
    else if (const auto *dropped = event.get_if<event::SpansDropped>())
        spans_.Add({{"outcome", "dropped"}}).Increment(static_cast<double>(dropped->spans));
}

Metrics::Counters &Metrics::counters(const std::string &name, const char *help)
{
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry_);
}

Metrics::Histograms &Metrics::histograms(const std::string &name, const char *help)
{
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_);
}

std::string Metrics::exposition(MetricFamilies families) const
{
    std::ranges::move(registry_.Collect(), std::back_inserter(families));
    measure(families);
    measure_process(families);
    std::erase_if(families, [](const prometheus::MetricFamily &family) { return family.metric.empty(); });
    return prometheus::TextSerializer().Serialize(families);
}

prometheus::MetricFamily &gauge_family(MetricFamilies &families, const char *name, const char *help)
{
    prometheus::MetricFamily &family = families.emplace_back();
    family.name = name;
    family.help = help;
    family.type = prometheus::MetricType::Gauge;
    return family;
}

void add(prometheus::MetricFamily &family, MetricLabels labels, double value)
{
    prometheus::ClientMetric &metric = family.metric.emplace_back();
    for (const auto &[name, text] : labels) metric.label.push_back({name, std::string(text)});
    metric.gauge.value = value;
    metric.counter.value = value;
}

void gauge(MetricFamilies &families, const char *name, const char *help, double value)
{
    add(gauge_family(families, name, help), {}, value);
}

} // namespace analytics::runtime
