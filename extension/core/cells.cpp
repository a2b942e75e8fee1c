#include "cells.hpp"

#include "count.hpp"

#include <algorithm>
#include <utility>

namespace analytics::core {
namespace {

/* FNV-1a, and a last mixing, so that all bits depend on all bytes. It never changes, because bags are stored. */
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

/* What the bags are missing of one measure. */
Measure missing_from(const Measure &events, const Measure &bags)
{
    Measure missing = events;
    missing.count = difference_of(events.count, bags.count);
    missing.sum.subtract(bags.sum);
    if (!bags.inserted) return missing;
    const Extremes &claimed = *bags.inserted;
    if (events.inserted && claimed.least <= events.inserted->least && claimed.greatest >= events.inserted->greatest)
        missing.inserted.reset();
    // An extreme of the bags that no event has was deleted.
    if (!bags.least_is_doubtful() && (!events.inserted || claimed.least < events.inserted->least))
        include(missing.deleted, {claimed.least, claimed.least});
    if (!bags.greatest_is_doubtful() && (!events.inserted || claimed.greatest > events.inserted->greatest))
        include(missing.deleted, {claimed.greatest, claimed.greatest});
    return missing;
}

/* What the bags are missing of one cell; nothing when that is nothing. */
std::optional<Cell> missing_from(const Cell &events, const Cell &bags)
{
    Cell missing = cell_with(events.measures.size());
    missing.count = difference_of(events.count, bags.count);
    missing.mismatched = difference_of(events.mismatched, bags.mismatched);
    for (std::size_t i = 0; i < missing.measures.size(); ++i)
        missing.measures[i] = missing_from(events.measures[i], bags.measures[i]);
    if (missing == cell_with(events.measures.size())) return std::nullopt;
    return missing;
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
    std::optional<Extremes> &extremes = sign > 0 ? inserted : deleted;
    if (extremes)
        extremes->include(value);
    else
        extremes = Extremes{value, value};
}

void Measure::add(const Measure &other)
{
    count = sum_of(count, other.count);
    sum.add(other.sum);
    if (other.inserted) include(inserted, *other.inserted);
    if (other.deleted) include(deleted, *other.deleted);
}

bool Measure::least_is_doubtful() const noexcept
{
    return deleted && (!inserted || deleted->least <= inserted->least);
}

bool Measure::greatest_is_doubtful() const noexcept
{
    return deleted && (!inserted || deleted->greatest >= inserted->greatest);
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

void Cells::record(const ProjectedEvent &event, int sign)
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

Cells Cells::minus(const Cells &bags) const
{
    // Cells that the sum of both will keep. All others are part of "other" on both sides.
    Cells sum = *this;
    sum.merge(bags);
    Cells events = *this;
    events.restrict_to(sum.kept_);
    Cells counted = bags;
    counted.restrict_to(sum.kept_);

    const Cell nothing = cell_with(measures_);
    const auto in = [&nothing](const Map &cells, const CellKey &key) -> const Cell & {
        const auto found = cells.find(key);
        return found == cells.end() ? nothing : found->second;
    };
    Cells missing{measures_, limit_};
    for (const auto &[key, cell] : sum.kept_)
        if (std::optional<Cell> difference = missing_from(in(events.kept_, key), in(counted.kept_, key)))
            missing.kept_.emplace(key, *std::move(difference));
    missing.other_ = missing_from(events.other_.value_or(nothing), counted.other_.value_or(nothing));
    return missing;
}

std::int64_t Cells::count() const
{
    std::int64_t count = other_ ? other_->count : 0;
    for (const auto &[key, cell] : kept_) count = sum_of(count, cell.count);
    return count;
}

/* A cell beyond the limit is added to "other" at once: the kept ones have the smallest hashes of all so far. */
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
