/* How every daemon starts: flags, settings, and the answers to --help, --version and --print-config. Faults are
 * logged on stderr. */
#pragma once

#include "exit.hpp"
#include "observe.hpp"
#include "setting.hpp"

#include <variant>

namespace analytics::runtime {

struct Start {
    Settings settings;
    bool check = false;        // --check: only ask the dependencies; exit code 69 when one does not answer
    bool adopt_group = false;  // --adopt-group, of the ingestor
    bool publish_only = false; // --publish-only, of the ingestor
};

/** Either what the daemon needs, or the exit code; then everything is logged already:
 *
 *     auto start = start_up(Daemon::http, argc, argv);
 *     if (const auto *code = std::get_if<ExitCode>(&start)) return static_cast<int>(*code); */
[[nodiscard]] std::variant<Start, ExitCode> start_up(Daemon daemon, int argc, const char *const *argv,
                                                     const PropertyFault &property_fault = {},
                                                     const TogetherFaults &together_faults = {});

/** Logs every fault, for an exit with ExitCode::settings. */
void report(const SettingFaults &faults, Observer &observe);

} // namespace analytics::runtime
