/* A request is answered in up to two steps. The loop calls the handler, which must not wait: it answers at once or
 * returns a task. A worker runs the task, which may wait for the database. What waits for longer is no task but a
 * source (source.hpp). */
#pragma once

#include "message.hpp"
#include "source.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <variant>

namespace analytics::http {

/** What is left to do for a request, which must live as long. run and give_up throw nothing. */
class Task {
public:
    Task() = default;
    virtual ~Task() = default;
    Task(const Task &) = delete;
    Task &operator=(const Task &) = delete;

    /** Whether the task checks the health of the service, and so must not wait behind others. */
    [[nodiscard]] virtual bool is_probe() const noexcept = 0;
    /** Tasks with the same question have the same response if they run at the same time. Without a question a task has
     * a response of its own. */
    [[nodiscard]] virtual std::string_view question() const noexcept { return {}; }
    /** worker: the number of the worker that runs it, from 0. */
    virtual Response run(std::size_t worker) = 0;
    /** Called in place of run if no worker became free in time. */
    virtual Response give_up() = 0;
};

using Begun = std::variant<Response, std::unique_ptr<Task>, std::unique_ptr<Source>>;

/** Throws nothing and waits for nothing. */
using BeginRequest = std::function<Begun(const Request &)>;

} // namespace analytics::http
