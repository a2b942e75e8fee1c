/* A query that is parsed once a session, and run in the snapshot of the statement that is being executed, with the
 * caller's rights. Needs SPI to be connected.
 *
 * Two ways to plan, and neither is the default of PostgreSQL, which tries both and compares: once for all, for tables
 * whose plan is the same whatever the parameters say; anew at each run, for partitioned tables, whose plan then knows
 * one partition or two, where one for all would open and lock every partition there is. */
#pragma once

#include "row_receiver.hpp"

extern "C" {
#include "executor/spi.h"
}

#include <array>
#include <cstddef>
#include <cstdint>

namespace analytics::pg {

class SavedStatement {
public:
    enum class Planned : std::uint8_t { once, each_time };

    /** The text has %s for the extension's schema prefix, and qualifies all else (run_statement says why); static, like the
     * object itself. */
    template <std::size_t count>
    constexpr SavedStatement(const char *text, Planned planned, const Oid (&types)[count]) noexcept
        : text_(text), planned_(planned), parameters_(count)
    {
        static_assert(count <= most_parameters);
        for (std::size_t i = 0; i < count; ++i) types_[i] = types[i];
    }

    /** nulls: a character a parameter, 'n' where it is null; nullptr when none is. */
    void run(const Home &home, const Datum *values, const char *nulls, RowReceiver &&receiver);

private:
    static constexpr std::size_t most_parameters = 8;

    void prepare(const Home &home);

    const char *text_;
    Planned planned_;
    std::size_t parameters_;
    std::array<Oid, most_parameters> types_{};
    SPIPlanPtr plan_ = nullptr;
    std::array<char, (2 * NAMEDATALEN) + 2>
        prefix_{}; // that the plan was made for: the name, for a schema may be renamed
};

} // namespace analytics::pg
