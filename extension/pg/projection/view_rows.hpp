/* The cells of one bucket and tenant as rows of a projection's view: dimensions, other, count, mismatched, and of each
 * measure count, sum, avg, min and max. PostgreSQL phases; the object is owned by a memory context. */
#pragma once

#include "../../core/cells.hpp"
#include "../../core/dimension_key.hpp"
#include "../../core/projection.hpp"
#include "../border/postgres.hpp"

namespace analytics::pg {

/** Adds a bag's cells, and looks for interrupts meanwhile. PostgreSQL phase. */
void merge_bag(core::Cells &cells, std::string_view bag);

class ProjectionRows {
public:
    ProjectionRows(const core::Projection &projection, std::size_t max_groups)
        : projection_(projection), cells_(projection.measures.size(), max_groups)
    {
    }

    /** Adds a bag of the bucket. Looks for interrupts. */
    void add(std::string_view bag);

    /** Whether the events have to be asked for some extreme. */
    [[nodiscard]] bool is_doubtful() const noexcept;

    /** What the bucket's events say, where that is to be asked. */
    void settle(const core::Cells &events);

    /** How many columns a row has. */
    [[nodiscard]] std::size_t columns() const noexcept;

    /** The next row; false when there is none. Values live in the current memory context. */
    bool next(Datum *values, bool *nulls);

private:
    const core::Cell *next_cell();
    [[nodiscard]] const core::Cell *events_of_current() const;
    core::KeyReader::Value next_value(core::ValueType type);
    void put_dimension(core::ValueType type, Datum &value, bool &is_null);
    void put_measure(const core::Measure &measure, const core::Measure *events, Datum *values, bool *nulls);
    Datum number_of(const core::ExactNumber &number);

    const core::Projection &projection_;
    core::Cells cells_;
    std::optional<core::Cells> events_; // when they were asked
    std::optional<core::Cells::Map::const_iterator> at_;
    const core::CellKey *current_ = nullptr; // of the current row; none when that is "other"
    bool is_other_ = false;
    core::KeyReader key_{{}};
    core::KeyReader::Value value_;
    core::Decimal decimal_;
};

} // namespace analytics::pg
