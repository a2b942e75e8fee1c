/* Pages of other sites: which of them may read our answers in a browser (Fetch, "CORS protocol"), and which may send
 * what changes something.
 *
 * None may either unless the operator lists their origins, or "*". What is allowed is all the same for each of them;
 * credentials that a browser adds by itself never are, since keys are sent by the page. Who may not read gets the same
 * answers, without the fields that would let the browser hand them over: the browser is the one who refuses. It does
 * not refuse to send, though: a form of any page may post to any address. So what such a page sends is refused here,
 * by what the browser says of it and no page can change: Origin and Sec-Fetch-Site. */
#pragma once

#include "answer.hpp"

#include <set>
#include <string>
#include <string_view>

namespace analytics::http {

class Cors {
public:
    /** A comma-separated list of origins; empty: none. */
    explicit Cors(std::string_view origins);

    /** Whether the call would change something (RFC 9110, 9.2.1) and comes from a page that is neither ours nor of a
     * listed origin. Who sends neither field is no browser's page. */
    [[nodiscard]] bool is_foreign_change(const Call &call) const;

    /** Adds what the caller's browser is to know. */
    void mark(const Call &call, Answer &answer) const;

private:
    [[nodiscard]] bool lists(std::string_view origin) const;

    std::set<std::string, std::less<>> origins_;
};

} // namespace analytics::http
