/* What a request is and what is answered: the rooms below the listener know only these two. */
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace analytics::http {

/** A request whose head was found sound and whose body was read whole; of one that was refused before, what is known.
 * Views live as long as the exchange. */
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
    std::string_view authority = {};  // whom the client believes to call: host and port, empty from HTTP/1.0 alone
    std::string_view fetch_site = {}; // Sec-Fetch-Site: how a browser's page that sends it is related to us
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
    std::string_view asset = {};  // of static storage, and then in place of body: nobody copies what all share
    std::string_view gzip = {};   // likewise: the asset compressed beforehand
    std::string_view route = "-"; // for the log: the route's path, never what the client sent
    std::string sqlstate = {};    // for the log: what the database said, empty when it was content
    std::string cause = {};       // for the log, never for the client: the message of an internal error

    [[nodiscard]] std::string_view content() const noexcept { return asset.empty() ? std::string_view(body) : asset; }
};

} // namespace analytics::http
