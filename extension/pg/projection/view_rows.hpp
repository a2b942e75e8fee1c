/* The cells of one bucket and tenant as rows of a projection's view: dimensions, other, count, mismatched, and for each
 * measure count, sum, avg, min and max. PostgreSQL phases. A memory context owns the object. */
#pragma once

#include "../../core/cells.hpp"
#include "../../core/dimension_key.hpp"
#include "../../core/projection.hpp"
#include "../border/postgres.hpp"

namespace analytics::pg {

/** Whether the bags don't know the minimum or maximum of some measure, so that the events are asked. */
bool is_doubtful(const core::Cell &cell) noexcept;

/** Adds the cells of a bag, and checks for interrupts. PostgreSQL phase. */
void merge_bag(core::Cells &cells, std::string_view bag);

class ViewRows {
public:
    ViewRows(const core::Projection &projection, std::size_t max_groups)
        : projection_(projection), cells_(projection.measures.size(), max_groups)
    {
    }

    /** Adds a bag of the bucket. Checks for interrupts. */
    void add(std::string_view bag);

    /** Whether the bags don't know some minimum or maximum, so that use_events must be called. */
    [[nodiscard]] bool is_doubtful() const noexcept;

    /** Takes doubtful extremes from these cells, which must be those of the bucket's events. */
    void use_events(const core::Cells &events);

    /** The number of a row's columns. */
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
    std::optional<core::Cells> events_; // when use_events was called
    std::optional<core::Cells::Map::const_iterator> at_;
    const core::CellKey *current_ = nullptr; // of the current row; none when that is "other"
    bool is_other_ = false;
    core::KeyReader key_{{}};
    core::KeyReader::Value value_;
    core::Decimal decimal_;
};

} // namespace analytics::pg
