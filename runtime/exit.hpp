/* The exit codes of both daemons. 64, 69 and 78 are those of sysexits.h. */
#pragma once

namespace analytics::runtime {

enum class ExitCode : int {
    stopped = 0,      // on request; or after --help, --version, --print-config
    fault = 1,        // something that waiting won't change
    usage = 64,       // an unknown flag or argument
    unreachable = 69, // --check: a dependency does not answer
    settings = 78,    // unknown or invalid settings
};

} // namespace analytics::runtime
