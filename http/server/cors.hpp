/* Pages of other sites: which of them may read responses in a browser (Fetch, "CORS protocol"), and which may send
 * requests that change something.
 *
 * No such page may do either unless the operator lists its origin, or "*". All listed origins have the same rights.
 * Credentials that a browser adds by itself are never allowed, since a page sends the key itself. A page that may not
 * read gets the same response without the CORS fields, and the browser keeps the response from the page. But the
 * browser does send: a form on any page may post to any address. So a change that comes from such a page is refused
 * here, by two fields that browsers set and pages cannot change: Origin and Sec-Fetch-Site. */
#pragma once

#include "message.hpp"

#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace analytics::http {

class Cors {
public:
    /** A comma-separated list of origins; empty: none. */
    explicit Cors(std::string_view origins);

    /** Whether the request would change something (RFC 9110, 9.2.1) and comes from a page that is neither ours nor of a
     * listed origin. A client that sends neither field is no browser. */
    [[nodiscard]] bool is_foreign_change(const Request &request) const;

    /** Adds the CORS fields. */
    void mark(const Request &request, Response &response) const;

private:
    [[nodiscard]] bool lists(std::string_view origin) const;

    std::set<std::string, std::less<>> origins_;
};

} // namespace analytics::http
