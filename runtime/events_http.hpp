/* Events of analytics-http. See events.hpp. */
#pragma once

#include "event_field.hpp"

namespace analytics::event {

struct KeysLoaded {
    static constexpr EventKind kind{"keys_loaded", Level::info};
    std::size_t keys = 0;
    ANALYTICS_FIELDS(keys);
};

struct KeysRefused {
    static constexpr EventKind kind{"keys_refused", Level::error};
    std::string_view message = {};
    ANALYTICS_FIELDS(message);
};

struct RequestServed {
    static constexpr EventKind kind{"request_served", Level::debug};
    std::string_view method = {};
    std::string_view route = {};
    int status = 0;
    double milliseconds = 0;
    std::size_t bytes = 0;
    ANALYTICS_FIELDS(method, route, status, milliseconds, bytes);
};

struct RequestFailed {
    static constexpr EventKind kind{"request_failed", Level::warning};
    std::string_view route = {};
    int status = 0;
    std::string_view sqlstate = {};
    std::string_view message = {};
    ANALYTICS_FIELDS(route, status, sqlstate, message);
};

struct AnswerShared {
    static constexpr EventKind kind{"answer_shared", Level::debug};
    std::string_view route = {};
    std::size_t requests = 0;
    ANALYTICS_FIELDS(route, requests);
};

struct FeedPageRead {
    static constexpr EventKind kind{"feed_page_read", Level::debug};
    std::string_view feed = {};
    std::size_t items = 0;
    std::size_t readers = 0;
    ANALYTICS_FIELDS(feed, items, readers);
};

struct Overloaded {
    static constexpr EventKind kind{"overloaded", Level::warning};
    std::string_view message = {};
    std::size_t bound = 0;
    ANALYTICS_FIELDS(message, bound);
};

} // namespace analytics::event
