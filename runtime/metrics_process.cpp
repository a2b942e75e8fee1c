/* What Prometheus expects of every process, by the names that it gives them (process_*), read from /proc. */
#include "metrics.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <memory>
#include <sys/resource.h>
#include <unistd.h>

namespace analytics::runtime {
namespace {

/* When we were loaded: the kernel's figure counts from its boot in ticks, and is no truer. */
const double start_time = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();

double seconds(const timeval &time)
{
    constexpr double micros = 1e6;
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / micros;
}

double resident_bytes()
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE *)> file(std::fopen("/proc/self/statm", "re"), std::fclose);
    long pages = 0;
    if (!file || std::fscanf(file.get(), "%*d %ld", &pages) != 1) return 0; // NOLINT(cert-err34-c): the kernel's text
    return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

} // namespace

void measure_process(MetricFamilies &families)
{
    gauge(families, "process_start_time_seconds", "When the process started, in seconds since the Unix epoch.",
          start_time);
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        prometheus::MetricFamily &cpu =
            gauge_family(families, "process_cpu_seconds_total", "CPU time, user and system.");
        cpu.type = prometheus::MetricType::Counter;
        add(cpu, {}, seconds(usage.ru_utime) + seconds(usage.ru_stime));
    }
    if (const double bytes = resident_bytes(); bytes > 0)
        gauge(families, "process_resident_memory_bytes", "Resident memory.", bytes);

    std::error_code failed;
    const std::filesystem::directory_iterator open("/proc/self/fd", failed);
    if (!failed)
        gauge(families, "process_open_fds", "Open file descriptors.",
              static_cast<double>(std::distance(begin(open), end(open))));
}

} // namespace analytics::runtime
