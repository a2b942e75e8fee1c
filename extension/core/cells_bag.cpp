/* Cells as the bytes of a bag, and back:
 *
 *   bag      version, number of measures, number of cells, (key, cell) in the order of keys, 0 or 1, the cell "other"
 *   cell     count, mismatched, the measures
 *   measure  which extremes are there (1 came, 2 went), count, sum, then least and greatest of each
 *
 * Dumps carry bags, so a form once released stays readable: another one gets another version. */
#include "cells.hpp"

#include "error.hpp"
#include "packed.hpp"

namespace analytics::core {
namespace {

constexpr std::uint64_t version = 1;
constexpr std::uint64_t with_came = 1;
constexpr std::uint64_t with_went = 2;

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
        packed::put(out, (measure.came ? with_came : 0) | (measure.went ? with_went : 0));
        packed::put_signed(out, measure.count);
        measure.sum.pack(out);
        if (measure.came) pack(out, *measure.came);
        if (measure.went) pack(out, *measure.went);
    }
}

Extremes unpack_extremes(packed::Rest &in)
{
    ExactNumber least = ExactNumber::unpack(in);
    ExactNumber greatest = ExactNumber::unpack(in);
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
        measure.count = in.signed_number();
        measure.sum = ExactNumber::unpack(in);
        if ((extremes & with_came) != 0) measure.came = unpack_extremes(in);
        if ((extremes & with_went) != 0) measure.went = unpack_extremes(in);
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
    packed::Rest in{bag};
    if (in.number() != version) throw Corrupt("bag of cells is of another version");
    if (in.number() != measures_) throw Corrupt("bag of cells is of another projection");
    for (std::uint64_t cells = in.number(); cells > 0; --cells) {
        const CellKey key{in.text()};
        Cell cell = unpack_cell(in, measures_);
        const auto place = kept_.find(key);
        if (place == kept_.end())
            kept_.emplace(key, std::move(cell));
        else
            place->second.add(cell);
    }
    if (in.number() != 0) add_other(unpack_cell(in, measures_));
    if (!in.empty()) throw Corrupt("bag of cells goes on after its end");
    keep_to_limit();
}

} // namespace analytics::core
