/* What is done to every request before its handler, and to every response after it.
 *
 * Before: a request is refused if its host is none of the service's names, or if a page of another site sends it to
 * change something. After: an unchanged response becomes 304, a response is compressed for clients that accept gzip,
 * and the CORS fields are added. Responses that have no handler, such as the refusal of a malformed head, pass here
 * too.
 *
 * Entity tags are weak: a response and the same response compressed have the same tag. A response that contains the
 * time at which it was made brings a tag that is made from the rest. A client that gets 304 then keeps the older time,
 * which weak tags allow (RFC 9110, 8.8.1). */
#pragma once

#include "cors.hpp"
#include "message.hpp"
#include "problem.hpp"
#include "task.hpp"

#include "../../runtime/host_names.hpp"

namespace analytics::http {

class Responder {
public:
    Responder(BeginRequest handler, runtime::HostNames names, Cors cors)
        : handler_(std::move(handler)), names_(std::move(names)), cors_(std::move(cors))
    {
    }

    /** Answers the request or returns a task; the response of either is to be finished. */
    [[nodiscard]] Begun begin(const Request &request) const;
    /** Safe to call from many threads at once. */
    [[nodiscard]] Response finish(const Request &request, Response response) const;
    /** Makes a response that is to be copied for several requests, and then finished for each: a copy costs no bytes,
     * and the entity tag and the compressed form are made once. compressed: whether one of them accepts it. */
    static void share(Response &response, bool compressed);
    /** A finished refusal; request: as much of it as is known. */
    [[nodiscard]] Response refuse(const Problem &problem, const Request &request) const;

private:
    [[nodiscard]] std::optional<Problem> check(const Request &request) const;

    BeginRequest handler_;
    runtime::HostNames names_;
    Cors cors_;
};

/** Whether an If-None-Match names the tag (the opaque part, without quotes) by weak comparison, or is "*". */
[[nodiscard]] bool names_tag(std::string_view if_none_match, std::string_view tag) noexcept;

} // namespace analytics::http
