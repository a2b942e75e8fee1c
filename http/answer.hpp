/* What a request is and what is answered, free of cpp-httplib: the rooms below the listener know only these two. */
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace analytics::http {

/** A request whose head was found sound and whose body was read whole. Views live as long as the exchange. */
struct Call {
    std::string_view method;
    std::string_view path = {};         // as sent
    std::string_view query = {};        // as sent, without the "?"
    std::string_view content_type = {}; // empty: not given, likewise below
    std::string_view body = {};
    std::string_view accept_encoding = {};
    std::string_view if_none_match = {};
    std::string_view origin = {};
    std::string_view requested_method = {}; // Access-Control-Request-Method: a browser asks before it sends
    std::string_view authorization = {};
};

/** Who may keep an answer, and for how long. */
enum class Caching : std::uint8_t {
    none,      // nobody
    validated, // the client, who asks each time whether it still holds
    immutable, // anybody for ever: its URL changes with it
};

struct Answer {
    int status = 200;
    std::string body;
    std::string_view content_type = "application/json"; // of static storage
    std::vector<std::pair<std::string, std::string>> headers = {};
    Caching caching = Caching::none;
    std::string tag = {};         // what the entity tag says; empty: made from the body
    std::string_view gzip = {};   // of static storage: the body compressed beforehand
    std::string_view route = "-"; // for the log: the route's path, never what the client sent
    std::string sqlstate = {};    // for the log: what the database said, empty when it was content
    std::string cause = {};       // for the log, never for the client: the message of an internal error
};

} // namespace analytics::http
