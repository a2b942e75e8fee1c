/* The rows that analytics_read_feed returns. PostgreSQL phase. */
#pragma once

#include "../border/result_set.hpp"
#include "../border/saved_statement.hpp"
#include "event_json.hpp"
#include "position.hpp"

namespace analytics::pg {

/** What is answered about an event that is gone. */
struct GoneEvent {
    TimestampTz occurred_at = 0;
    Datum id = 0;
    Datum event_type = 0;
    NullableDatum tenant = null_datum;
};

/** It lives in the memory context that is current when it is made. */
class FeedAnswer {
public:
    /** after: the position that the reader has given, or null. */
    FeedAnswer(ResultSet &result, const NullableDatum &after);

    /** An event is there: its values of event_columns. */
    void put(const FeedPosition &position, const Datum *event, const bool *nulls);

    void remove(const FeedPosition &position, const GoneEvent &event);

    /** All events are gone from start on, and before end. */
    void drop(const FeedPosition &position, TimestampTz start, TimestampTz end);

    /** All up to this position is read. If the last row does not say so, a row has the position alone. */
    void end(const FeedPosition &position);

private:
    struct Row;
    void add(const FeedPosition &position, const char *operation, Row &row);

    ResultSet &result_;
    EventJson json_;
    MemoryContext scratch_;
    std::string_view after_;
    FeedPosition last_{0}; // of the rows, once there is one
    bool has_rows_ = false;
};

} // namespace analytics::pg
