/* analytics_read_feed: a page of a feed after a position. */

#include "../feed/changes.hpp"
#include "../feed/past.hpp"

extern "C" {
#include "executor/spi.h"
}

namespace analytics::pg {
namespace {

using Planned = SavedStatement::Planned;

SavedStatement past_of_view{
    "SELECT r.* FROM %s_analytics_view_feed_past($1, $2, $3) AS r", Planned::once, {TEXTOID, TEXTOID, INT4OID}};

SavedStatement changes_of_view{
    "SELECT r.* FROM %s_analytics_view_feed_changes($1, $2, $3) AS r", Planned::once, {TEXTOID, TEXTOID, INT4OID}};

SavedStatement page_of_dead_letters{
    "SELECT r.* FROM %s_analytics_dead_letter_feed($1, $2, $3) AS r", Planned::once, {TEXTOID, TEXTOID, INT4OID}};

SavedStatement &page_of(const FeedStart &start)
{
    if (start.is_of_dead_letters) return page_of_dead_letters;
    return start.is_past ? past_of_view : changes_of_view;
}

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_read_feed)
{
    using namespace analytics::pg;
    enum : int { arg_name, arg_after, arg_max_rows };
    constexpr std::int32_t most_rows = 10'000;
    ResultSet result{fcinfo};
    const std::int32_t max_rows = PG_ARGISNULL(arg_max_rows) ? 0 : PG_GETARG_INT32(arg_max_rows);
    if (max_rows < 1 || max_rows > most_rows)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("max_rows must be between 1 and 10000")));
    const ExtensionSchema schema = schema_of(fcinfo);
    const NullableDatum &after = fcinfo->args[arg_after];
    SPI_connect();
    const FeedStart start = feed_start(schema, fcinfo->args[arg_name], after);
    if (!start.is_paused && !start.is_of_events) {
        ResultSetReader rows{result};
        page_of(start).run(schema, {fcinfo->args[arg_name], after, given(Int32GetDatum(max_rows))}, RowReceiver{rows});
    } else if (!start.is_paused) {
        FeedAnswer answer{result, after};
        (start.is_past ? put_past : put_changes)(answer, schema, start, max_rows);
    }
    SPI_finish();
    return {};
}
