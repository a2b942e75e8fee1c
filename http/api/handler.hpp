/* From a request to its response, whatever happens on the way: the one try/catch is here.
 *
 * The checks have the order in which a client should learn of its mistakes: the path (404), the method (405), the key
 * and its rights (401, 429, 403), all parameters at once (422), the type of the body (415). Then comes the database. */
#pragma once

#include "../auth/access.hpp"
#include "../server/task.hpp"
#include "database.hpp"
#include "feeds.hpp"
#include "routes.hpp"

#include <optional>
#include <span>
#include <stop_token>

namespace analytics::http {

/** What a service with keys has: the access control, and the database for requests under a tenant's key. feeds: for
 * requests that wait for news of a feed; without it they are answered at once. */
struct KeyedAccess {
    Access &access;
    Database &tenants;
    Feeds *feeds = nullptr;
};

class Handler {
public:
    /** probe: the database for routes that ask whether the service is well, on a connection of its own: a busy pool is
     * not a sick service. A probe answers DOWN once stop was requested. keyed: without it only routes that need no key
     * are answered. metrics: for routes that show them. */
    Handler(std::span<const Route> routes, Database &database, Database &probe, std::stop_token stop,
            std::optional<KeyedAccess> keyed = std::nullopt, // NOLINT(modernize-pass-by-value): two references
            const runtime::Metrics *metrics = nullptr)
        : routes_(routes), database_(database), probe_(probe), stop_(std::move(stop)), keyed_(keyed), metrics_(metrics)
    {
    }

    /** A task where the route has a statement and the request is sound, else the answer. */
    Begun operator()(const Request &request) const;

private:
    /** route becomes the row that the path names, for the log. */
    Begun begin(const Request &request, const Route *&route) const;
    Begun begin(const Request &request, const Route &route, Arguments arguments, Caller caller) const;

    std::span<const Route> routes_;
    Database &database_;
    Database &probe_;
    std::stop_token stop_;
    std::optional<KeyedAccess> keyed_;
    const runtime::Metrics *metrics_;
};

} // namespace analytics::http
