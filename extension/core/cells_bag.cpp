/* Cells as the bytes of a bag, and back:
 *
 *   bag      version, number of measures, number of cells, (key, cell) in the order of keys, 0 or 1, the cell "other"
 *   cell     count, mismatched, the measures
 *   measure  which extremes there are (1 inserted, 2 deleted), count, sum, then the least and the greatest of each
 *
 * Dumps contain bags, so a released form stays readable for ever. Another form gets another version. */
#include "cells.hpp"

#include "dimension_key.hpp"
#include "error.hpp"
#include "packed.hpp"

#include <utility>

namespace analytics::core {
namespace {

constexpr std::uint64_t version = 1;
constexpr std::uint64_t with_inserted = 1;
constexpr std::uint64_t with_deleted = 2;

void pack(std::string &out, const Extremes &extremes)
{
    extremes.least.pack(out);
    extremes.greatest.pack(out);
}

void pack(std::string &out, const Cell &cell)
{
    packed::put_signed(out, cell.count);
    packed::put_signed(out, cell.mismatched);
    for (const Measure &measure : cell.measures) {
        packed::put(out, (measure.inserted ? with_inserted : 0) | (measure.deleted ? with_deleted : 0));
        packed::put_signed(out, measure.count);
        measure.sum.pack(out);
        if (measure.inserted) pack(out, *measure.inserted);
        if (measure.deleted) pack(out, *measure.deleted);
    }
}

Extremes unpack_extremes(packed::Rest &in)
{
    ExactNumber least = ExactNumber::unpack(in);
    ExactNumber greatest = ExactNumber::unpack(in);
    if (greatest < least) throw Corrupt("measure's minimum is greater than its maximum");
    return {std::move(least), std::move(greatest)};
}

Cell unpack_cell(packed::Rest &in, std::size_t measures)
{
    Cell cell;
    cell.count = in.signed_number();
    cell.mismatched = in.signed_number();
    cell.measures.resize(measures);
    for (Measure &measure : cell.measures) {
        const std::uint64_t extremes = in.number();
        if (extremes > (with_inserted | with_deleted)) throw Corrupt("measure has unknown extremes");
        measure.count = in.signed_number();
        measure.sum = ExactNumber::unpack(in);
        if ((extremes & with_inserted) != 0) measure.inserted = unpack_extremes(in);
        if ((extremes & with_deleted) != 0) measure.deleted = unpack_extremes(in);
    }
    return cell;
}

} // namespace

std::string Cells::bag() const
{
    std::string out;
    packed::put(out, version);
    packed::put(out, measures_);
    packed::put(out, kept_.size());
    for (const auto &[key, cell] : kept_) {
        packed::put_text(out, key.bytes);
        pack(out, cell);
    }
    packed::put(out, other_ ? 1 : 0);
    if (other_) pack(out, *other_);
    return out;
}

void Cells::merge(std::string_view bag)
{
    CellsMerge merge{*this, bag};
    while (merge.next()) {
    }
}

CellsMerge::CellsMerge(Cells &cells, std::string_view bag) : cells_(cells), in_(bag)
{
    if (in_.number() != version) throw Corrupt("bag of cells is of another version");
    if (in_.number() != cells.measures_) throw Corrupt("bag of cells is of another projection");
    left_ = in_.number();
}

bool CellsMerge::next()
{
    constexpr std::ptrdiff_t some_bytes = 32768;
    const char *const begin = in_.at;
    for (; left_ > 0; --left_) {
        if (in_.at - begin > some_bytes) return true;
        add_cell();
    }
    const std::uint64_t others = in_.number();
    if (others > 1) throw Corrupt("bag of cells has more than one cell of others");
    if (others == 1) cells_.add_other(unpack_cell(in_, cells_.measures_));
    if (!in_.empty()) throw Corrupt("bag of cells has bytes after its end");
    return false;
}

void CellsMerge::add_cell()
{
    const std::string_view bytes = in_.bytes();
    KeyReader::require_key(bytes);
    CellKey key{bytes};
    const bool is_next = is_first_ || hash_ < key.hash || (hash_ == key.hash && key_ < bytes);
    if (!is_next) throw Corrupt("bag of cells holds keys out of order");
    is_first_ = false;
    hash_ = key.hash;
    key_ = bytes;
    cells_.add(std::move(key), unpack_cell(in_, cells_.measures_));
}

} // namespace analytics::core
