/* From a request to its answer, whatever happens on the way: here is the one try/catch.
 *
 * The order of the checks is the order in which a client should hear of its mistakes: the path (404), the method
 * (405), the parameters (422, all of them at once), the type of the body (415), and only then the database. */
#pragma once

#include "answer.hpp"
#include "database.hpp"
#include "routes.hpp"

#include <span>
#include <stop_token>

namespace analytics::http {

class Handler {
public:
    /** probe: the database for routes that ask whether we are well, on a connection of its own: a busy pool is not a
     * sick service. A probe answers DOWN once stop was requested. */
    Handler(std::span<const Route> routes, Database &database, Database &probe, std::stop_token stop)
        : routes_(routes), database_(database), probe_(probe), stop_(std::move(stop))
    {
    }

    Answer operator()(const Call &call) const;

private:
    /** route becomes the row that the path names, for the log. */
    Answer serve(const Call &call, const Route *&route) const;
    Answer run(const Call &call, const Route &route, const Arguments &arguments) const;

    std::span<const Route> routes_;
    Database &database_;
    Database &probe_;
    std::stop_token stop_;
};

} // namespace analytics::http
