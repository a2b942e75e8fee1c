/* A port of its own for who watches a daemon that serves no HTTP otherwise: GET and HEAD of a few short texts.
 *
 * One thread, one client at a time, one request a connection, everything within two seconds, eight KiB of request at
 * most: what an orchestrator and a scraper need, and nothing that could be overrun. So a client that dawdles keeps the
 * next one waiting for two seconds, never the daemon's work. */
#pragma once

#include "host_names.hpp"
#include "observe.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace analytics::runtime {

struct AdminAnswer {
    int status = 200;
    std::string body;
    std::string_view content_type = "application/json"; // of static storage
};

class AdminPort {
public:
    /** From a path to what is answered; nothing: there is no such path. Called on the port's thread. */
    using Answers = std::function<std::optional<AdminAnswer>(std::string_view path)>;

    /** Listens and serves from here on, whoever calls it by one of the names. Throws std::runtime_error. */
    AdminPort(const std::string &host, int port, HostNames names, Answers answers, Observer &observe);
    ~AdminPort();
    AdminPort(const AdminPort &) = delete;
    AdminPort &operator=(const AdminPort &) = delete;

private:
    void serve() const;
    void serve_one(int client) const;
    [[nodiscard]] std::string answer(std::string_view request) const;

    HostNames names_;
    Answers answers_;
    int listening_;
    std::thread thread_;
};

} // namespace analytics::runtime
