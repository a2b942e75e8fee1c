/* The head of a request (RFC 9112: request line and header fields).
 *
 * If two servers read a head leniently, they may see different requests in the same bytes: because of lines without CR,
 * a space before the colon, Transfer-Encoding beside Content-Length, or a field that is given twice. So this reader
 * accepts only what RFC 9112 allows a sender to write, and refuses all else with its status. A field whose value is a
 * list may come in several lines, which are then one list (RFC 9110, 5.3).
 *
 * A refused head ends the connection, since nobody knows where the next request begins. What could be read of it is
 * returned all the same: the response needs Origin, for example. */
#pragma once

#include "problem.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace analytics::http {

struct HeadLimits {
    std::size_t max_target = 8'000; // RFC 9112 asks for 8000 bytes of request line
    std::size_t max_bytes = 32'768; // of the whole head
    std::size_t max_fields = 64;    // a browser sends about 15
    std::uint64_t max_body = 0;     // bytes: ANALYTICS_HTTP_MAX_BODY_BYTES
};

/** Views into the bytes that were read; a string where lines were joined to a list. */
struct Head {
    std::string_view method = {};
    std::string_view target = {};       // origin form: begins with "/", or is "*"
    std::string_view authority = {};    // host and port that the client wants: the absolute target's, else Host
    std::string_view content_type = {}; // empty: not given, likewise below
    std::string accept = {};
    std::string accept_encoding = {};
    std::string if_none_match = {};
    std::string_view origin = {};
    std::string_view fetch_site = {};       // Sec-Fetch-Site
    std::string_view requested_method = {}; // Access-Control-Request-Method
    std::string_view traceparent = {};
    std::string_view authorization = {};
    std::string_view last_event_id = {};
    std::uint64_t content_length = 0;
    bool is_last = false; // the connection ends after this request
    bool expects_continue = false;

    [[nodiscard]] std::string_view path() const noexcept
    {
        const std::string_view path = target.substr(0, target.find('?'));
        return path.empty() && !target.empty() ? "/" : path;
    }
    [[nodiscard]] std::string_view query() const noexcept
    {
        const std::size_t mark = target.find('?');
        return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
    }
};

struct HeadResult {
    Head head; // if there is a problem: what could be read
    std::optional<Problem> problem = std::nullopt;
};

/** The bytes up to and with the empty line. */
[[nodiscard]] HeadResult read_head(std::string_view bytes, const HeadLimits &limits);

/** Bytes of the head that the buffer begins with, its empty line included; 0 when the end is not there yet. Lines that
 * end with a bare LF count, so that a sloppy head is refused at once instead of waited for. seen: bytes that were
 * looked at before, and held no end: they are not looked at again. */
[[nodiscard]] std::size_t head_size(std::string_view buffer, std::size_t seen = 0) noexcept;

} // namespace analytics::http
