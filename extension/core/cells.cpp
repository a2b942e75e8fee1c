#include "cells.hpp"

#include "count.hpp"

#include <algorithm>
#include <utility>

namespace analytics::core {
namespace {

/* FNV-1a, and a last mixing so that all bits of the order depend on all bytes. Bags are kept on disk: it never changes. */
std::uint64_t hash_of(std::string_view bytes) noexcept
{
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
    hash = (hash ^ hash >> 33U) * 0xff51afd7ed558ccdU;
    return hash ^ hash >> 33U;
}

Cell cell_with(std::size_t measures)
{
    Cell cell;
    cell.measures.resize(measures);
    return cell;
}

void include(std::optional<Extremes> &extremes, const Extremes &other)
{
    if (extremes)
        extremes->include(other);
    else
        extremes = other;
}

/* What bags lack of one measure. */
Measure lacking(const Measure &events, const Measure &bags)
{
    Measure lack = events;
    lack.count = difference_of(events.count, bags.count);
    lack.sum.subtract(bags.sum);
    if (!bags.came) return lack;
    const Extremes &claimed = *bags.came;
    if (events.came && claimed.least <= events.came->least && claimed.greatest >= events.came->greatest)
        lack.came.reset();
    // Extremes that bags claim and no event has are gone.
    if (!bags.least_is_doubtful() && (!events.came || claimed.least < events.came->least))
        include(lack.went, {claimed.least, claimed.least});
    if (!bags.greatest_is_doubtful() && (!events.came || claimed.greatest > events.came->greatest))
        include(lack.went, {claimed.greatest, claimed.greatest});
    return lack;
}

/* What bags lack of one cell, or nothing. */
std::optional<Cell> lacking(const Cell &events, const Cell &bags)
{
    Cell lack = cell_with(events.measures.size());
    lack.count = difference_of(events.count, bags.count);
    lack.mismatched = difference_of(events.mismatched, bags.mismatched);
    for (std::size_t i = 0; i < lack.measures.size(); ++i)
        lack.measures[i] = lacking(events.measures[i], bags.measures[i]);
    if (lack == cell_with(events.measures.size())) return std::nullopt;
    return lack;
}

} // namespace

void Extremes::include(const ExactNumber &value)
{
    if (value < least) least = value;
    if (value > greatest) greatest = value;
}

void Extremes::include(const Extremes &other)
{
    include(other.least);
    include(other.greatest);
}

void Measure::record(const ExactNumber &value, int sign)
{
    count = sum_of(count, sign);
    if (sign > 0)
        sum.add(value);
    else
        sum.subtract(value);
    std::optional<Extremes> &extremes = sign > 0 ? came : went;
    if (extremes)
        extremes->include(value);
    else
        extremes = Extremes{value, value};
}

void Measure::add(const Measure &other)
{
    count = sum_of(count, other.count);
    sum.add(other.sum);
    if (other.came) include(came, *other.came);
    if (other.went) include(went, *other.went);
}

bool Measure::least_is_doubtful() const noexcept
{
    return went && (!came || went->least <= came->least);
}

bool Measure::greatest_is_doubtful() const noexcept
{
    return went && (!came || went->greatest >= came->greatest);
}

void Cell::add(const Cell &other)
{
    count = sum_of(count, other.count);
    mismatched = sum_of(mismatched, other.mismatched);
    for (std::size_t i = 0; i < measures.size(); ++i) measures[i].add(other.measures[i]);
}

CellKey::CellKey(std::string_view key) : hash(hash_of(key)), bytes(key)
{
}

void Cells::record(const Observation &event, int sign)
{
    Cell &cell = kept_.try_emplace(CellKey{event.key}, cell_with(measures_)).first->second;
    cell.count = sum_of(cell.count, sign);
    if (event.mismatched) cell.mismatched = sum_of(cell.mismatched, sign);
    for (std::size_t i = 0; i < measures_; ++i)
        if (event.values[i]) cell.measures[i].record(*event.values[i], sign);
    keep_to_limit();
}

void Cells::merge(const Cells &other)
{
    for (const auto &[key, cell] : other.kept_) {
        const auto [place, is_new] = kept_.try_emplace(key, cell);
        if (!is_new) place->second.add(cell);
    }
    if (other.other_) add_other(*other.other_);
    keep_to_limit();
}

Cells Cells::less(const Cells &bags) const
{
    // The cells that the sum of both will keep; all others are part of "other" on both sides.
    Cells sum = *this;
    sum.merge(bags);
    Cells events = *this;
    events.restrict_to(sum.kept_);
    Cells said = bags;
    said.restrict_to(sum.kept_);

    const Cell nothing = cell_with(measures_);
    const auto in = [&nothing](const Map &cells, const CellKey &key) -> const Cell & {
        const auto found = cells.find(key);
        return found == cells.end() ? nothing : found->second;
    };
    Cells lack{measures_, limit_};
    for (const auto &[key, cell] : sum.kept_)
        if (std::optional<Cell> difference = lacking(in(events.kept_, key), in(said.kept_, key)))
            lack.kept_.emplace(key, *std::move(difference));
    lack.other_ = lacking(events.other_.value_or(nothing), said.other_.value_or(nothing));
    return lack;
}

std::int64_t Cells::count() const
{
    std::int64_t count = other_ ? other_->count : 0;
    for (const auto &[key, cell] : kept_) count = sum_of(count, cell.count);
    return count;
}

/* A cell beyond the limit goes to "other" at once: those that are kept have the smallest hashes of all that came so far. */
void Cells::add(CellKey key, Cell cell)
{
    const auto place = kept_.lower_bound(key);
    if (place != kept_.end() && !CellOrder{}(key, place->first))
        place->second.add(cell);
    else if (place == kept_.end() && kept_.size() >= limit_)
        add_other(cell);
    else
        kept_.emplace_hint(place, std::move(key), std::move(cell));
    keep_to_limit();
}

void Cells::add_other(const Cell &cell)
{
    if (!other_) other_ = cell_with(measures_);
    other_->add(cell);
}

void Cells::keep_to_limit()
{
    while (kept_.size() > limit_) {
        const auto last = std::prev(kept_.end());
        add_other(last->second);
        kept_.erase(last);
    }
}

void Cells::restrict_to(const Map &keys)
{
    for (auto place = kept_.begin(); place != kept_.end();) {
        if (keys.contains(place->first)) {
            ++place;
        } else {
            add_other(place->second);
            place = kept_.erase(place);
        }
    }
}

} // namespace analytics::core
