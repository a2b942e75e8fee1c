/* A query that is parsed once a session. It runs in the snapshot of the statement that is being executed, with the
 * caller's rights. SPI must be connected.
 *
 * A query is planned either once a session or for each run. PostgreSQL's default would try both and compare. Once is
 * for tables whose plan does not depend on the parameters. For each run is for partitioned tables: such a plan opens
 * and locks a partition or two, and a plan for any parameters would open all of them. */
#pragma once

#include "row_receiver.hpp"

extern "C" {
#include "executor/spi.h"
}

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace analytics::pg {

/** Parameters: a value, and none. */
inline NullableDatum given(Datum value) noexcept
{
    return {value, false};
}
inline constexpr NullableDatum null_datum{0, true};

class SavedStatement {
public:
    enum class Planned : std::uint8_t { once, each_time };

    /** text: as run_statement takes it; static, like the object itself. */
    template <std::size_t count>
    constexpr SavedStatement(const char *text, Planned planned, const Oid (&types)[count]) noexcept
        : text_(text), planned_(planned), parameters_(count)
    {
        static_assert(count <= most_parameters);
        for (std::size_t i = 0; i < count; ++i) types_[i] = types[i];
    }

    /** values: of $1 and so on; what exceeds the parameters is left out. */
    void run(const ExtensionSchema &schema, std::initializer_list<NullableDatum> values, RowReceiver &&receiver);

private:
    static constexpr std::size_t most_parameters = 8;

    void prepare(const ExtensionSchema &schema);

    const char *text_;
    Planned planned_;
    std::size_t parameters_;
    std::array<Oid, most_parameters> types_{};
    SPIPlanPtr plan_ = nullptr;
    std::array<char, (2 * NAMEDATALEN) + 2> prefix_{}; // of the plan: a schema may be renamed
};

} // namespace analytics::pg
