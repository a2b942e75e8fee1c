/* What every daemon does before its own work: flags, settings, and the answers to --help, --version and
 * --print-config. What is wrong is said on stderr. */
#pragma once

#include "exit.hpp"
#include "observe.hpp"
#include "setting.hpp"

#include <variant>

namespace analytics::runtime {

struct Start {
    Settings settings;
    bool check = false;       // --check: only see whether the dependencies answer, 69 when one does not
    bool adopt_group = false; // --adopt-group, of the ingestor
};

/** Either what is left to the daemon, or the code to exit with, everything having been said:
 *
 *     auto start = start_up(Daemon::http, argc, argv);
 *     if (const auto *code = std::get_if<ExitCode>(&start)) return static_cast<int>(*code); */
[[nodiscard]] std::variant<Start, ExitCode> start_up(Daemon daemon, int argc, const char *const *argv,
                                                     const PropertyFault &property_fault = {},
                                                     const TogetherFaults &together_faults = {});

/** Tells every fault, for an exit with ExitCode::settings. */
void tell(const SettingFaults &faults, Observer &observe);

} // namespace analytics::runtime
