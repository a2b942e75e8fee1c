#include "recent.hpp"

#include "../border/boundary.hpp"
#include "../border/partition_range.hpp"
#include "../border/saved_statement.hpp"
#include "../border/text.hpp"
#include "agreement.hpp"
#include "hour_walk.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/uuid.h"
}

#include <algorithm>

namespace analytics::pg {
namespace {

/* A range's upper bound is given twice, as a row and as a time alone: the index starts at either, and both are in the
 * range. The bounds of all ranges together let the planner find the partition. */
SavedStatement events_in_ranges{
    "SELECT e.* FROM ROWS FROM (pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6)) AS r (first, "
    "time, id) "
    "CROSS JOIN LATERAL (SELECT i.id, i.event_type, i.source, i.occurred_at, i.ingested_at, i.tenant_id, i.payload "
    "FROM %sanalytics_events AS i "
    "WHERE i.occurred_at OPERATOR(pg_catalog.>=) r.first AND i.occurred_at OPERATOR(pg_catalog.<=) r.time "
    "AND (i.occurred_at, i.id) OPERATOR(pg_catalog.<) (r.time, r.id) "
    "AND i.occurred_at OPERATOR(pg_catalog.>=) $7 AND i.occurred_at OPERATOR(pg_catalog.<=) $8 "
    "AND ($2 IS NULL OR i.tenant_id OPERATOR(pg_catalog.=) $2) "
    "AND ($3 IS NULL OR i.event_type OPERATOR(pg_catalog.=) $3) "
    "ORDER BY i.occurred_at DESC, i.id DESC LIMIT $1) AS e "
    "ORDER BY e.occurred_at DESC, e.id DESC LIMIT $1",
    SavedStatement::Planned::each_time,
    {INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID, UUIDARRAYOID, TIMESTAMPTZOID,
     TIMESTAMPTZOID}};

/* Ranges that one statement reads, the newest first. Each is from a time on, and before a position. */
class Ranges {
public:
    /* At most so many rows are promised before the last range is added: few enough to be sorted without a file. */
    static constexpr std::int64_t most_rows = 4096;

    explicit Ranges(const Position &before)
        : before_(before), firsts_(make_array()), times_(make_array()), ids_(make_array())
    {
    }

    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] std::int64_t promised() const noexcept { return promised_; }
    [[nodiscard]] TimestampTz oldest() const noexcept { return oldest_; }
    [[nodiscard]] TimestampTz newest() const noexcept { return newest_; }
    [[nodiscard]] Datum firsts() const { return array_of(firsts_, TIMESTAMPTZOID); }
    [[nodiscard]] Datum times() const { return array_of(times_, TIMESTAMPTZOID); }
    [[nodiscard]] Datum ids() const { return array_of(ids_, UUIDOID); }

    /* Adds the events from first to last that are before the position. They must be older than those of the ranges so
     * far. rows: how many they promise, at least one. Fewer than most_rows may be promised so far. */
    void add(TimestampTz first, TimestampTz last, std::int64_t rows)
    {
        const Position end = end_after(last);
        if (empty()) newest_ = std::min(last, before_.occurred_at);
        if (empty() || oldest_ != end.occurred_at) {
            times_[count_] = TimestampTzGetDatum(end.occurred_at);
            ids_[count_++] = end.id;
        }
        firsts_[count_ - 1] = TimestampTzGetDatum(oldest_ = first);
        promised_ += std::min(rows, most_rows);
    }

    void clear() noexcept
    {
        count_ = promised_ = 0;
        newest_ = DT_NOBEGIN;
        oldest_ = DT_NOEND;
    }

private:
    static Datum *make_array() { return static_cast<Datum *>(palloc(sizeof(Datum) * (most_rows + 1))); }

    [[nodiscard]] Position end_after(TimestampTz last) const
    {
        static const pg_uuid_t least{};
        if (last >= before_.occurred_at) return before_;
        return {TIMESTAMP_IS_NOBEGIN(last) ? MIN_TIMESTAMP : last + 1, UUIDPGetDatum(&least)};
    }

    [[nodiscard]] Datum array_of(Datum *elements, Oid type) const
    {
        const bool is_uuid = type == UUIDOID;
        return PointerGetDatum(construct_array(elements, static_cast<int>(count_), type,
                                               is_uuid ? UUID_LEN : sizeof(TimestampTz), !is_uuid && FLOAT8PASSBYVAL,
                                               is_uuid ? TYPALIGN_CHAR : TYPALIGN_DOUBLE));
    }

    Position before_;
    Datum *firsts_;
    Datum *times_;
    Datum *ids_;
    std::int64_t count_ = 0;
    std::int64_t promised_ = 0;
    TimestampTz newest_ = DT_NOBEGIN;
    TimestampTz oldest_ = DT_NOEND;
};

class Recent {
public:
    Recent(ResultSet &result, const ExtensionSchema &schema, const Position &before, std::int64_t limit,
           const NullableDatum &tenant, const NullableDatum &type)
        : result_(result), schema_(schema), before_(before.occurred_at), wanted_(limit),
          at_once_(std::min(limit, Ranges::most_rows)), tenant_(tenant), type_(type), ranges_(before)
    {
    }

    void find()
    {
        if (!bags_agree(schema_) || DatumGetInt32(OidFunctionCall0(F_PG_TRIGGER_DEPTH)) > 0) {
            ranges_.add(DT_NOBEGIN, DT_NOEND, wanted_);
        } else {
            add_infinity(DT_NOEND);
            add_minutes();
            add_infinity(DT_NOBEGIN);
        }
        if (!ranges_.empty() || !is_asked_) ask(); // about no range, too: a caller without rights must get the error
    }

private:
    void add_minutes()
    {
        std::optional<std::string_view> type;
        if (!type_.isnull) type = bytes_of(type_.value);
        HourWalk walk{schema_, tenant_, type};
        walk.go_before(TIMESTAMP_NOT_FINITE(before_) ? before_ : before_ + 1);
        while (wanted_ > 0 && walk.next()) {
            const TimestampTz hour = walk.hour();
            go_to(hour + USECS_PER_HOUR - 1);
            if (!OidIsValid(range_.partition) && range_.start <= hour)
                walk.go_before(range_.start);
            else
                add_hour(hour, walk.sums());
        }
        walk.close();
    }

    void add_hour(TimestampTz hour, const core::MinuteSums &sums)
    {
        for (int minute = core::minutes_per_hour - 1; minute >= 0 && wanted_ > 0; --minute) {
            const std::int64_t rows = sums.counts[minute];
            const TimestampTz first = hour + minute * USECS_PER_MINUTE;
            if (rows > 0 && first <= before_) add(first, first + USECS_PER_MINUTE - 1, rows);
        }
    }

    void add_infinity(TimestampTz time)
    {
        if (wanted_ == 0 || time > before_) return;
        go_to(time);
        if (OidIsValid(range_.partition)) add(time, time, 1);
    }

    void add(TimestampTz first, TimestampTz last, std::int64_t rows)
    {
        ranges_.add(first, last, rows);
        if (ranges_.promised() >= at_once_) ask();
    }

    /* Finds the partition of the time. Runs a statement first when the ranges so far are of another one. */
    void go_to(TimestampTz time)
    {
        if (range_.holds(time)) return;
        const Oid before = range_.partition;
        range_ = partition_range_at(schema_, time);
        if (range_.partition != before && !ranges_.empty()) ask();
    }

    void ask()
    {
        ResultSetReader reader{result_};
        events_in_ranges.run(schema_,
                             {given(Int64GetDatum(wanted_)), tenant_, type_, given(ranges_.firsts()),
                              given(ranges_.times()), given(ranges_.ids()),
                              given(TimestampTzGetDatum(ranges_.oldest())),
                              given(TimestampTzGetDatum(ranges_.newest()))},
                             RowReceiver{reader});
        wanted_ -= reader.rows();
        at_once_ = std::min(at_once_ * 2, Ranges::most_rows);
        is_asked_ = true;
        ranges_.clear();
    }

    ResultSet &result_;
    const ExtensionSchema &schema_;
    TimestampTz before_;
    std::int64_t wanted_;  // rows
    std::int64_t at_once_; // a statement runs when so many are promised
    NullableDatum tenant_;
    NullableDatum type_;
    Ranges ranges_;
    PartitionRange range_{InvalidOid, 0, 0};
    bool is_asked_ = false;
};

} // namespace

void put_recent(ResultSet &result, const ExtensionSchema &schema, const Position &before, std::int64_t limit,
                const NullableDatum &tenant, const NullableDatum &type)
{
    SPI_connect();
    Recent{result, schema, before, limit, tenant, type}.find();
    SPI_finish();
}

} // namespace analytics::pg
