/* The threads that make ticks and publish feeds, unless ANALYTICS_FEEDS is none; they end with this object. */
#pragma once

#include "../../runtime/observe.hpp"
#include "../../runtime/setting.hpp"

#include <memory>

namespace analytics::ingestor {

class FeedPublisher {
public:
    FeedPublisher(const runtime::Settings &settings, runtime::Observer &observe);
    ~FeedPublisher();
    FeedPublisher(const FeedPublisher &) = delete;
    FeedPublisher &operator=(const FeedPublisher &) = delete;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace analytics::ingestor
