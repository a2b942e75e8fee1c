/* What a daemon tells Prometheus: an observer that counts what it hears, and a text for who scrapes.
 *
 * Names and units follow Prometheus's conventions: a prefix of the daemon, base units (seconds, bytes), _total for what
 * only grows. Labels take values from closed sets alone (outcomes, reasons, routes, SQLSTATE classes, the partitions
 * that are held), never what a client or a record says: whoever may name a series may fill the memory.
 *
 * The surprising thing: what is a state rather than a count (a lag, a pool's use) is not kept in the registry but made
 * at the scrape, so that it is true then; above all, what waits grows older while nothing is observed. */
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

/** What either daemon tells: it says its prefix and its buckets, and hears the rest itself. */
class Metrics : public Observer {
public:
    /** Hears what both daemons say: statements and spans. */
    void observe(Event event, std::span<const Field> fields) override;

    /** The exposition, as the content type says. Safe to call from several threads at once. */
    [[nodiscard]] std::string exposition() const;

    static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

protected:
    using Buckets = prometheus::Histogram::BucketBoundaries;
    using Counters = prometheus::Family<prometheus::Counter>;
    using Histograms = prometheus::Family<prometheus::Histogram>;

    static constexpr double millis_per_second = 1'000;

    /** prefix: analytics_http, say. call_seconds: the buckets of a statement's time; they must outlive this. */
    Metrics(const std::string &prefix, const Buckets &call_seconds);

    Counters &counters(const std::string &name, const char *help);
    prometheus::Counter &counter(const std::string &name, const char *help) { return counters(name, help).Add({}); }
    Histograms &histograms(const std::string &name, const char *help);

    /** What is read off at the scrape. */
    virtual void measure(MetricFamilies &families) const = 0;

private:
    prometheus::Registry registry_;
    const Buckets &call_buckets_;
    Histograms &call_seconds_;
    Counters &spans_;
};

/** Appends a family that is given its values with add(), before the next family is appended. */
prometheus::MetricFamily &gauge_family(MetricFamilies &families, const char *name, const char *help);
void add(prometheus::MetricFamily &family, MetricLabels labels, double value);

/** A family of one value. */
void gauge(MetricFamilies &families, const char *name, const char *help, double value);

} // namespace analytics::runtime
