/* The cells of a projection's bag: for each tuple of dimension values, how many events there are, and the sums and
 * extremes of their measures.
 *
 * A bag is a summand. The sum of all bags of one bucket and tenant is the truth, in whatever order they are added.
 * Three kinds of values keep that promise differently:
 *
 *   Counts and sums  Deleted events are subtracted; a bag may hold negative ones.
 *   Extremes         Can't be subtracted. A measure keeps the extremes of inserted values, and those of deleted values.
 *                    The minimum is the least inserted value, unless a value as small was deleted. Then it is doubtful,
 *                    and the reader computes it from the events.
 *   The limit        At most so many cells are kept, those with the smallest hashes. All others are one cell, "other".
 *                    A cell that the sum keeps was kept in each summand, because what is among the smallest of all is
 *                    among the smallest of some. So kept cells are whole, and the order of adding does not matter. For
 *                    the same reason a cell whose events were all deleted stays a cell.
 *
 * A key is the dimension values as bytes (KeyWriter): equal values have equal bytes. merge reads the bytes of a bag,
 * and throws Corrupt when they are damaged. */
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
    std::optional<Extremes> inserted, deleted;

    /** sign: 1 for an inserted value, -1 for a deleted one. */
    void record(const ExactNumber &value, int sign);
    void add(const Measure &other);

    /** Whether the least inserted value may have been deleted; likewise the greatest. False when no value was
     * inserted. */
    [[nodiscard]] bool least_is_doubtful() const noexcept;
    [[nodiscard]] bool greatest_is_doubtful() const noexcept;

    friend bool operator==(const Measure &, const Measure &) = default;
};

struct Cell {
    std::int64_t count = 0;        // events
    std::int64_t mismatched = 0;   // events with a value of a wrong type
    std::vector<Measure> measures; // one for each measure of the projection

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

/** What a projection takes from one event. */
struct ProjectedEvent {
    std::string key;                                // its dimension values
    std::vector<std::optional<ExactNumber>> values; // of its measures; nothing when absent, null or mismatched
    bool mismatched = false;

    friend bool operator==(const ProjectedEvent &, const ProjectedEvent &) = default;
};

class Cells {
public:
    using Map = std::map<CellKey, Cell, CellOrder>;

    Cells(std::size_t measures, std::size_t limit) : measures_(measures), limit_(limit) {}

    /** sign: 1 for an inserted event, -1 for a deleted one. */
    void record(const ProjectedEvent &event, int sign);

    void merge(const Cells &other);

    /** Adds a bag's cells. May have added a part of them when it throws Corrupt. */
    void merge(std::string_view bag);

    /** What the bags are missing when these are the cells of the events: adding the result to the bags makes them
     * equal. */
    [[nodiscard]] Cells minus(const Cells &bags) const;

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

/** Adds a bag's cells to others, a few at a time, so that the caller can check for interrupts in between. Plain data;
 * the cells and the bag's bytes must outlive it. Whatever the bag claims, the cells never exceed their limit. */
class CellsMerge {
public:
    /** Throws Corrupt when it is not a bag of this projection. */
    CellsMerge(Cells &cells, std::string_view bag);

    /** Adds some tens of kilobytes; false when all is added. When it throws Corrupt, a part is added. */
    bool next();

private:
    void add_cell();

    Cells &cells_;
    packed::Rest in_;
    std::uint64_t left_;   // cells to add, without "other"
    std::string_view key_; // the last one
    std::uint64_t hash_ = 0;
    bool is_first_ = true;
};

} // namespace analytics::core
