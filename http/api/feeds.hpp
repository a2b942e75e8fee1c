/* Readers of feeds that wait: from a request to a source, and from a question to a page (feed_hub.hpp). */
#pragma once

#include "../auth/access.hpp"
#include "../server/task.hpp"
#include "feed_hub.hpp"
#include "outcome.hpp"

#include <chrono>

namespace analytics::http {

struct FeedsOptions {
    FeedHubOptions hub;
    std::chrono::milliseconds patience{10'000}; // for the first page
};

class Feeds {
public:
    /** Databases with a session for each thread of the hub, and in everybody one more for its watcher. */
    Feeds(FeedsOptions options, Database &everybody, Database &tenants, runtime::Observer &observe);

    /** Whether the request, of a route that waits, is to be answered by begin. arguments: the last is how long. */
    [[nodiscard]] static bool is_wanted(const Request &request, const Arguments &arguments);
    /** A source, or the refusal. access: nothing where no key is needed. */
    [[nodiscard]] Begun begin(const Request &request, const Route &route, Arguments arguments, const Caller &caller,
                              const Access &access);

    [[nodiscard]] FeedHubUse use() const { return hub_.use(); }

private:
    [[nodiscard]] FeedNews read(std::size_t thread, const FeedQuestion &question);
    [[nodiscard]] std::optional<std::string> state();

    FeedsOptions options_;
    Database &everybody_;
    Database &tenants_;
    FeedHub hub_;
};

} // namespace analytics::http
