/* The admin port: GET and HEAD of a few short texts, for monitoring.
 *
 * One thread, one client at a time, one request a connection, two seconds for all of it, a request of 8 KiB at most:
 * enough for an orchestrator and a scraper, and nothing that could be overloaded. A slow client delays the next one
 * for two seconds, and never the loop. */
#pragma once

#include "../runtime/host_names.hpp"
#include "../runtime/observe.hpp"
#include "../runtime/setting.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace analytics::ingestor {

struct AdminAnswer {
    int status = 200;
    std::string body;
    std::string_view content_type = "application/json"; // of static storage
};

class AdminPort {
public:
    /** From a path to its answer; nothing: there is no such path. Called on the port's thread. */
    using Answers = std::function<std::optional<AdminAnswer>(std::string_view path)>;

    /** Listens and serves from now on. names: the host names that clients may use. Throws std::runtime_error. */
    AdminPort(const std::string &host, int port, runtime::HostNames names, Answers answers, runtime::Observer &observe);
    ~AdminPort();
    AdminPort(const AdminPort &) = delete;
    AdminPort &operator=(const AdminPort &) = delete;

private:
    void serve() const;
    void serve_one(int client) const;
    [[nodiscard]] std::string answer(std::string_view request) const;

    runtime::HostNames names_;
    Answers answers_;
    int listening_;
    std::thread thread_;
};

/** Where the settings say; null where they name no port. */
[[nodiscard]] std::unique_ptr<AdminPort> open_admin_port(const runtime::Settings &settings, AdminPort::Answers answers,
                                                         runtime::Observer &observe);

} // namespace analytics::ingestor
