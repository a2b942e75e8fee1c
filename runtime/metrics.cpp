#include "metrics.hpp"

#include "metrics_process.hpp"

#include <prometheus/text_serializer.h>

namespace analytics::runtime {

Metrics::Counters &Metrics::counters(const char *name, const char *help)
{
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry_);
}

Metrics::Histograms &Metrics::histograms(const char *name, const char *help)
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
