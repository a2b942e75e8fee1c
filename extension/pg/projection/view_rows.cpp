#include "view_rows.hpp"

#include "../../core/error.hpp"
#include "../border/boundary.hpp"
#include "../border/numeric_form.hpp"
#include "../border/text.hpp"

extern "C" {
#include "utils/numeric.h"
}

#include <algorithm>

namespace analytics::pg {
namespace {

/* other, count, mismatched. */
constexpr std::size_t common_columns = 3;
constexpr std::size_t columns_per_measure = 5;

/* Whether all events of the cell were deleted. */
bool is_gone(const core::Cell &cell) noexcept
{
    return cell.count == 0 && cell.mismatched == 0 &&
           std::all_of(cell.measures.begin(), cell.measures.end(),
                       [](const core::Measure &measure) { return measure.count == 0 && measure.sum.is_zero(); });
}

} // namespace

bool is_doubtful(const core::Cell &cell) noexcept
{
    return std::any_of(cell.measures.begin(), cell.measures.end(), [](const core::Measure &measure) {
        return measure.count != 0 &&
               (!measure.inserted || measure.least_is_doubtful() || measure.greatest_is_doubtful());
    });
}

void merge_bag(core::Cells &cells, std::string_view bag)
{
    core::CellsMerge merge = guarded([&] { return core::CellsMerge{cells, bag}; });
    while (guarded([&] { return merge.next(); })) CHECK_FOR_INTERRUPTS();
}

void ViewRows::add(std::string_view bag)
{
    merge_bag(cells_, bag);
}

bool ViewRows::is_doubtful() const noexcept
{
    return (cells_.other() && pg::is_doubtful(*cells_.other())) ||
           std::any_of(cells_.kept().begin(), cells_.kept().end(),
                       [](const auto &entry) { return pg::is_doubtful(entry.second); });
}

void ViewRows::use_events(const core::Cells &events)
{
    guarded([&] {
        events_.emplace(events);
        events_->restrict_to(cells_.kept());
    });
}

std::size_t ViewRows::columns() const noexcept
{
    return projection_.dimensions.size() + common_columns + projection_.measures.size() * columns_per_measure;
}

bool ViewRows::next(Datum *values, bool *nulls)
{
    const core::Cell *const cell = next_cell();
    if (cell == nullptr) return false;

    for (const core::Field &dimension : projection_.dimensions) put_dimension(dimension.type, *values++, *nulls++);
    guarded([&] {
        if (!is_other_ && !key_.at_end()) throw core::Corrupt("cell's key is of another projection");
    });
    *values++ = BoolGetDatum(is_other_);
    *values++ = Int64GetDatum(cell->count);
    *values++ = Int64GetDatum(cell->mismatched);
    nulls = std::fill_n(nulls, common_columns, false);

    const core::Cell *const events = events_of_current();
    for (std::size_t i = 0; i < cell->measures.size(); ++i) {
        put_measure(cell->measures[i], events == nullptr ? nullptr : &events->measures[i], values, nulls);
        values += columns_per_measure;
        nulls += columns_per_measure;
    }
    return true;
}

/* The cells that have events, then "other". */
const core::Cell *ViewRows::next_cell()
{
    if (!at_) at_ = cells_.kept().begin();
    while (*at_ != cells_.kept().end()) {
        const auto current = (*at_)++;
        if (is_gone(current->second)) continue;
        current_ = &current->first;
        guarded([&] { key_ = core::KeyReader{current->first.bytes}; });
        return &current->second;
    }
    current_ = nullptr;
    if (is_other_ || !cells_.other() || is_gone(*cells_.other())) return nullptr;
    is_other_ = true;
    return &*cells_.other();
}

/* The same cell, computed from the events; nullptr when use_events was not called, or no event is in it. */
const core::Cell *ViewRows::events_of_current() const
{
    if (!events_) return nullptr;
    if (current_ == nullptr) return events_->other() ? &*events_->other() : nullptr;
    const auto found = events_->kept().find(*current_);
    return found == events_->kept().end() ? nullptr : &found->second;
}

core::KeyReader::Value ViewRows::next_value(core::ValueType type)
{
    using core::KeyTag;
    using core::ValueType;
    core::KeyReader::Value value = key_.next();
    const bool is_boolean = value.tag == KeyTag::boolean_false || value.tag == KeyTag::boolean_true;
    const bool is_number = value.tag == KeyTag::number;
    const bool fits = value.tag == KeyTag::null || (type == ValueType::text && value.tag == KeyTag::text) ||
                      (type == ValueType::boolean && is_boolean) ||
                      (type == ValueType::bigint && is_number && value.number.to_int64()) ||
                      (type == ValueType::numeric && is_number && value.number.fits_numeric());
    if (!fits) throw core::Corrupt("cell's key is of another projection");
    return value;
}

void ViewRows::put_dimension(core::ValueType type, Datum &value, bool &is_null)
{
    using core::KeyTag;
    value = 0;
    is_null = true;
    if (is_other_) return;
    guarded([&] { value_ = next_value(type); });
    switch (value_.tag) {
    case KeyTag::null:
        return;
    case KeyTag::text:
        value = text_of(value_.text);
        break;
    case KeyTag::boolean_false:
    case KeyTag::boolean_true:
        value = BoolGetDatum(value_.tag == KeyTag::boolean_true);
        break;
    case KeyTag::number:
        if (type == core::ValueType::bigint)
            value = Int64GetDatum(value_.number.to_int64().value_or(0));
        else
            value = number_of(value_.number);
        break;
    }
    is_null = false;
}

void ViewRows::put_measure(const core::Measure &measure, const core::Measure *events, Datum *values, bool *nulls)
{
    const bool is_empty = measure.count == 0;
    values[0] = Int64GetDatum(measure.count);
    nulls[0] = false;
    std::fill_n(nulls + 1, columns_per_measure - 1, is_empty);
    if (is_empty) return;

    values[1] = number_of(measure.sum);
    values[2] = DirectFunctionCall2(numeric_div, values[1], NumericGetDatum(int64_to_numeric(measure.count)));

    const bool doubts_least = !measure.inserted || measure.least_is_doubtful();
    const bool doubts_greatest = !measure.inserted || measure.greatest_is_doubtful();
    const core::Extremes *const exact = events != nullptr && events->inserted ? &*events->inserted : nullptr;
    nulls[3] = doubts_least && exact == nullptr;
    nulls[4] = doubts_greatest && exact == nullptr;
    if (!nulls[3]) values[3] = number_of(doubts_least ? exact->least : measure.inserted->least);
    if (!nulls[4]) values[4] = number_of(doubts_greatest ? exact->greatest : measure.inserted->greatest);
}

Datum ViewRows::number_of(const core::ExactNumber &number)
{
    if (!number.fits_numeric())
        ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("sum is beyond the range of numeric")));
    guarded([&] { number.to_decimal(decimal_); });
    return numeric_of(decimal_);
}

} // namespace analytics::pg
