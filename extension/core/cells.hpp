/* The cells of a projection's bag: for each tuple of dimension values how many events, and what their measures come to.
 *
 * A bag is a summand: the sum of all bags of one bucket and tenant is the truth, in whatever order they are added. That
 * holds for three things of different nature.
 *
 *   Counts and sums  take back exactly what was deleted; a bag may hold negative ones.
 *   Extremes         cannot be taken back. A measure keeps the extremes of what came and of what went. The least that
 *                    ever came is the least that is there unless one as small went: then it is doubtful, and the
 *                    reader asks the events.
 *   The limit        of cells: those with the smallest hash are kept, all others are one cell, "other". A kept cell of
 *                    the sum was kept in each summand, for what is among the smallest of all is among the smallest of
 *                    some; so kept cells are whole, and which they are does not depend on the order. A cell that has
 *                    come to nothing is still a cell, for the same reason.
 *
 * Keys are the dimension values as bytes (ValueWriter): equal values, equal bytes. Bytes of a bag are read by merge, which
 * throws Corrupt for damaged ones. */
#pragma once

#include "exact.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::core {

struct Extremes {
    ExactNumber least, greatest;

    void include(const ExactNumber &value);
    void include(const Extremes &other);

    friend bool operator==(const Extremes &, const Extremes &) = default;
};

/** One measure in one cell. */
struct Measure {
    std::int64_t count = 0; // values that are numbers
    ExactNumber sum;
    std::optional<Extremes> came, went;

    /** sign: 1 for a value that came, -1 for one that went. */
    void record(const ExactNumber &value, int sign);
    void add(const Measure &other);

    /** Whether the least that came may have gone; likewise the greatest. False also when nothing is known to be there. */
    [[nodiscard]] bool least_is_doubtful() const noexcept;
    [[nodiscard]] bool greatest_is_doubtful() const noexcept;

    friend bool operator==(const Measure &, const Measure &) = default;
};

struct Cell {
    std::int64_t count = 0;        // events
    std::int64_t mismatched = 0;   // events with a value of another type than asked for
    std::vector<Measure> measures; // a measure each

    void add(const Cell &other);

    friend bool operator==(const Cell &, const Cell &) = default;
};

struct CellKey {
    std::uint64_t hash;
    std::string bytes;

    explicit CellKey(std::string_view key);
};

struct CellOrder {
    bool operator()(const CellKey &a, const CellKey &b) const noexcept
    {
        return a.hash != b.hash ? a.hash < b.hash : a.bytes < b.bytes;
    }
};

/** What one event is to a projection. */
struct Observation {
    std::string key;                                // of its dimension values
    std::vector<std::optional<ExactNumber>> values; // of its measures: nothing for absent, null or mismatched
    bool mismatched = false;

    friend bool operator==(const Observation &, const Observation &) = default;
};

class Cells {
public:
    using Map = std::map<CellKey, Cell, CellOrder>;

    Cells(std::size_t measures, std::size_t limit) : measures_(measures), limit_(limit) {}

    /** sign: 1 for an event that came, -1 for one that went. */
    void record(const Observation &event, int sign);

    void merge(const Cells &other);

    /** Adds a bag's cells. Throws Corrupt, and may then have added a part. */
    void merge(std::string_view bag);

    /** These being an events' cells: what bags lack to say the same. Nothing where they say it already. */
    [[nodiscard]] Cells less(const Cells &bags) const;

    /** Makes cells of other keys than these part of "other". */
    void restrict_to(const Map &keys);

    /** The bytes of a bag with these cells. Equal cells, equal bytes. */
    [[nodiscard]] std::string bag() const;

    /** Events in all cells. Throws Corrupt beyond 64 bits. */
    [[nodiscard]] std::int64_t count() const;

    [[nodiscard]] bool empty() const noexcept { return kept_.empty() && !other_; }
    [[nodiscard]] const Map &kept() const noexcept { return kept_; }
    [[nodiscard]] const std::optional<Cell> &other() const noexcept { return other_; }

private:
    friend class CellsMerge;

    void add(CellKey key, Cell cell);
    void add_other(const Cell &cell);
    void keep_to_limit();

    std::size_t measures_;
    std::size_t limit_;
    Map kept_;
    std::optional<Cell> other_;
};

/** A bag's cells on their way into others, a few at a time, so that whoever adds a large bag can look up in between. Plain
 * data; the cells and the bag's bytes must outlive it. Holds no more than the limit of cells whatever the bag claims. */
class CellsMerge {
public:
    /** Throws Corrupt where the bag is none of this projection. */
    CellsMerge(Cells &cells, std::string_view bag);

    /** Adds some tens of kilobytes; false when all is in. Throws Corrupt, and a part is then added. */
    bool next();

private:
    void add_cell();

    Cells &cells_;
    packed::Rest in_;
    std::uint64_t left_;   // cells, without "other"
    std::string_view key_; // the one before
    std::uint64_t hash_ = 0;
    bool is_first_ = true;
};

} // namespace analytics::core
