/* A request and its response, as the handlers see them. */
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace analytics::http {

/** A request that has come completely; of one that was refused before, as much as is known. The views live until the
 * response is sent. */
struct Request {
    std::string_view method;
    std::string_view path = {};         // as sent
    std::string_view query = {};        // as sent, without the "?"
    std::string_view content_type = {}; // empty: not given; likewise below
    std::string_view body = {};
    std::string_view accept = {};
    std::string_view accept_encoding = {};
    std::string_view if_none_match = {};
    std::string_view origin = {};
    std::string_view requested_method = {}; // Access-Control-Request-Method, of a preflight
    std::string_view authorization = {};
    std::string_view authority = {};  // host and port that the client wants; empty with HTTP/1.0 alone
    std::string_view fetch_site = {}; // Sec-Fetch-Site: how the page that sends it is related to us
    std::string_view last_event_id = {};
};

/** Who may cache a response, and for how long. */
enum class Caching : std::uint8_t {
    none,      // nobody
    validated, // the client, which asks each time whether it is unchanged
    immutable, // anybody, for ever: its URL changes with its content
};

struct Response {
    int status = 200;
    std::string body;
    std::string_view content_type = "application/json"; // of static storage
    std::vector<std::pair<std::string, std::string>> headers = {};
    Caching caching = Caching::none;
    std::string tag = {};                    // the entity tag; empty: made from the content
    std::string_view asset = {};             // of static storage, or of shared, in place of body: never copied
    std::string_view gzip = {};              // likewise: the asset, compressed
    std::shared_ptr<const void> shared = {}; // what several responses have as their asset
    std::string_view route = "-";            // for the log: the route's path, never the request's
    std::string sqlstate = {};               // for the log: the database's error; empty: none
    std::string cause = {};                  // for the log alone: the message of an internal error
    bool goes_on = false;                    // parts of the content follow until the connection ends: see source.hpp

    [[nodiscard]] std::string_view content() const noexcept { return asset.empty() ? std::string_view(body) : asset; }
};

} // namespace analytics::http
