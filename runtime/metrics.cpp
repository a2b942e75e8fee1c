#include "metrics.hpp"

#include "metrics_process.hpp"

#include <prometheus/text_serializer.h>

namespace analytics::runtime {

Metrics::Metrics(const std::string &prefix, const Buckets &call_seconds)
    : call_buckets_(call_seconds),
      call_seconds_(histograms(prefix + "_database_call_duration_seconds",
                               "Time until a statement was answered, failures too, by statement.")),
      spans_(counters(prefix + "_trace_spans_total", "Spans that were sent to the collector or dropped."))
{
}

void Metrics::observe(Event event, std::span<const Field> fields)
{
    switch (event) {
    case Event::database_called:
        call_seconds_.Add({{"statement", std::string(text(fields, "statement"))}}, call_buckets_)
            .Observe(number(fields, "milliseconds").value_or(0) / millis_per_second);
        break;
    case Event::spans_sent:
        spans_.Add({{"outcome", "sent"}}).Increment(number(fields, "spans").value_or(0));
        break;
    case Event::spans_dropped:
        spans_.Add({{"outcome", "dropped"}}).Increment(number(fields, "spans").value_or(0));
        break;
    default:
        break;
    }
}

Metrics::Counters &Metrics::counters(const std::string &name, const char *help)
{
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry_);
}

Metrics::Histograms &Metrics::histograms(const std::string &name, const char *help)
{
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_);
}

std::string Metrics::exposition() const
{
    MetricFamilies families = registry_.Collect();
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
