/* Cross-origin requests (Fetch, "CORS protocol"): which other sites' pages may read our answers in a browser.
 *
 * None may unless the operator lists their origins, or "*". What is allowed is all the same for each of them; credentials
 * that a browser adds by itself never are, since keys are sent by the page. Who is not allowed gets the same answers,
 * without the fields that would let the browser hand them over: the browser is the one who refuses. */
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

    /** Adds what the caller's browser is to know. */
    void mark(const Call &call, Answer &answer) const;

private:
    std::set<std::string, std::less<>> origins_;
};

} // namespace analytics::http
