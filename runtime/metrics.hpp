/* A daemon's metrics: an observer that counts events, and the text for Prometheus.
 *
 * Names and units follow Prometheus's conventions: a prefix of the daemon, base units (seconds, bytes), _total for
 * counters. Labels have values from closed sets only (outcomes, reasons, routes, SQLSTATE classes, our partitions),
 * never what a client or a record contains: a client that can name a series can fill the memory.
 *
 * The surprising thing: a state (a lag, a pool's use) is not kept in the registry. It is measured at the scrape, so
 * that it is true then: a lag grows while no event occurs. */
#pragma once

#include "observe.hpp"

#include <initializer_list>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <string>
#include <utility>
#include <vector>

namespace analytics::runtime {

using MetricFamilies = std::vector<prometheus::MetricFamily>;
using MetricLabels = std::initializer_list<std::pair<const char *, std::string_view>>;

/** The metrics of both daemons: statements and spans. A daemon adds its own. */
class Metrics : public Observer {
public:
    void observe(const Event &event) override;

    /** The text for a scrape, in the content type's form, with further metrics. Safe to call from several threads at
     * once. */
    [[nodiscard]] std::string exposition(MetricFamilies families = {}) const;

    static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

protected:
    using Buckets = prometheus::Histogram::BucketBoundaries;
    using Counters = prometheus::Family<prometheus::Counter>;
    using Histograms = prometheus::Family<prometheus::Histogram>;

    static constexpr double millis_per_second = 1'000;

    /** prefix: such as analytics_http. call_seconds: the buckets of a statement's time; they must outlive this. */
    Metrics(const std::string &prefix, const Buckets &call_seconds);

    Counters &counters(const std::string &name, const char *help);
    prometheus::Counter &counter(const std::string &name, const char *help) { return counters(name, help).Add({}); }
    Histograms &histograms(const std::string &name, const char *help);

    /** Adds the states, at the scrape. */
    virtual void measure(MetricFamilies &families) const = 0;

private:
    prometheus::Registry registry_;
    const Buckets &call_buckets_;
    Histograms &call_seconds_;
    Counters &spans_;
};

/** Appends a family without values. add() appends values to it; that must happen before the next family is appended. */
prometheus::MetricFamily &gauge_family(MetricFamilies &families, const char *name, const char *help);
void add(prometheus::MetricFamily &family, MetricLabels labels, double value);

/** Appends the process's own metrics; what can't be read is left out. */
void measure_process(MetricFamilies &families);

/** A family of one value. */
void gauge(MetricFamilies &families, const char *name, const char *help, double value);

} // namespace analytics::runtime
