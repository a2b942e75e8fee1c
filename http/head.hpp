/* The head of a request (RFC 9112: request line and header fields), checked before cpp-httplib sees a byte of it.
 *
 * cpp-httplib 0.11.4 reads heads leniently: lines without CR are skipped, a space before the colon makes another
 * header, values are percent-decoded, Transfer-Encoding beats Content-Length, a Range goes through a recursive regular
 * expression. Each of these is a way to make two servers see two requests in one stream of bytes. So this reader takes
 * only what RFC 9112 allows a sender to write, refuses the rest with its status, and the library is then given a
 * request line that holds nothing surprising (see exchange.hpp).
 *
 * Refused heads end the connection: where the next request would begin is not known. */
#pragma once

#include "problem.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

namespace analytics::http {

struct HeadLimits {
    std::size_t max_target = 8'000; // RFC 9112 asks for 8000 bytes of request line
    std::size_t max_bytes = 32'768; // of the whole head
    std::size_t max_fields = 64;    // a browser sends about 15
    std::uint64_t max_body = 0;     // bytes: ANALYTICS_HTTP_MAX_BODY_BYTES
};

/** Views into the bytes that were read. */
struct Head {
    std::string_view method;
    std::string_view target;            // origin form: begins with "/", or is "*"
    std::string_view content_type = {}; // empty: not given, likewise below
    std::string_view accept_encoding = {};
    std::string_view if_none_match = {};
    std::string_view origin = {};
    std::string_view requested_method = {}; // Access-Control-Request-Method
    std::string_view traceparent = {};
    std::string_view authorization = {};
    std::uint64_t content_length = 0;
    bool is_last = false; // the client wants no further request on this connection, or can't have one
    bool expects_continue = false;

    [[nodiscard]] std::string_view path() const noexcept { return target.substr(0, target.find('?')); }
    [[nodiscard]] std::string_view query() const noexcept
    {
        const std::size_t mark = target.find('?');
        return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
    }
};

/** The bytes up to and with the empty line. */
[[nodiscard]] std::variant<Head, Problem> read_head(std::string_view bytes, const HeadLimits &limits);

/** Bytes of the head that the buffer begins with, its empty line included; 0 when the end is not there yet. Lines that
 * end with a bare LF count, so that a sloppy head is refused at once instead of waited for. */
[[nodiscard]] std::size_t head_size(std::string_view buffer) noexcept;

} // namespace analytics::http
