/* What cpp-httplib 0.11.4 does for us, with what it must never see kept from it.
 *
 * Debian ships the library compiled, so none of its limits can be moved by macros, and reading its source shows what
 * can't be made safe by its hooks either: it reads heads of any size for any time, a byte before its hooks run;
 * chunked bodies ignore the payload limit and beat Content-Length; GET's body is left in the stream and read as the
 * next request; bytes of a pipelined request are lost between two; routes and Range go through a recursive
 * std::regex; Accept-Encoding is searched for "br" whatever its q; the accept loop's queue has no bound, its backlog
 * is 5, its stop() races with accept(), and SO_REUSEPORT lets two servers share a port unnoticed.
 *
 * So the waiting and the reading are ours (listener, connection, head), and the library is given one exchange at a
 * time, in memory: a request line that says nothing, a Request that setup_request fills from the checked head and the
 * whole body, and a stream that collects the answer. Its pre-routing handler answers everything, so that no route, no
 * regular expression and no body reader of it ever runs. What remains is what it does well: the request and response
 * model, HEAD, and writing the answer. */
#pragma once

#include "answer.hpp"
#include "head.hpp"

#include <functional>
#include <httplib.h>
#include <string>

namespace analytics::http {

/** An answer as it goes out, and what the log says of it. */
struct Reply {
    std::string bytes; // head and body
    std::size_t body_size = 0;
    int status = 500;
    bool is_last = true; // "Connection: close" was said
    std::string_view route = "-";
    std::string sqlstate = {};
    std::string cause = {};
};

class Engine final : private httplib::Server {
public:
    using Handler = std::function<Answer(const Call &)>;

    /** The handler is called from many threads at once and throws nothing. */
    explicit Engine(Handler handler);

    /** Binds and listens; returns the socket, which it owns. Throws std::runtime_error. */
    int listen_on(const std::string &host, int port);
    void close_socket();

    /** Answers a request. Whether the connection ends with it is asked when the answer is known: a stop may have come
     * meanwhile. Safe to call from many threads at once. */
    Reply respond(const Head &head, std::string body, const std::function<bool()> &is_last);

    /** Writes an answer to what was no request. */
    Reply refuse(Answer answer);

private:
    struct Exchange;

    Reply run(Exchange &exchange);

    // The library's hooks belong to the server, not to a request: this is how they find theirs.
    static thread_local Exchange *in_hand; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

    Handler handler_;
};

} // namespace analytics::http
