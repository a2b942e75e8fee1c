/* What a request is and what is answered, free of cpp-httplib: the rooms below the listener know only these two. */
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace analytics::http {

/** A request whose head was found sound and whose body was read whole. Views live as long as the exchange. */
struct Call {
    std::string_view method;
    std::string_view path;         // as sent: no route of ours needs percent-encoding
    std::string_view query;        // as sent, without the "?"
    std::string_view content_type; // empty: not given
    std::string_view body;
};

struct Answer {
    int status = 200;
    std::string body;
    std::string_view content_type = "application/json"; // of static storage
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string_view route = "-"; // for the log: the route's path, never what the client sent
    std::string sqlstate = {};    // for the log: what the database said, empty when it was content
    std::string cause = {};       // for the log, never for the client: the message of an internal error
};

} // namespace analytics::http
