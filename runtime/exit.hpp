/* The exit codes of both daemons, as the reference names them: 64, 69 and 78 are those of sysexits.h. */
#pragma once

namespace analytics::runtime {

enum class ExitCode : int {
    stopped = 0,      // asked to stop, or asked for help, version or settings
    fault = 1,        // something that waiting won't mend
    usage = 64,       // an unknown flag or argument
    unreachable = 69, // --check: a dependency does not answer
    settings = 78,    // unknown or bad settings
};

} // namespace analytics::runtime
