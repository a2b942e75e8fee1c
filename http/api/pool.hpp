/* The sessions with the database, one a worker.
 *
 * A session is opened when its worker first needs it. A session that was lost is never used: its socket is asked before
 * (a restarted server has closed it), and one that fails in use is dropped. What only reads is then run again on a new
 * session.
 *
 * Statements for one tenant have a pool of their own. Its sessions put on, in each transaction, a role that policies
 * restrict (doc/roles.sql). A pool of one kind refuses statements of the other, so a slip of the caller's is an error
 * and not a leak. */
#pragma once

#include "database.hpp"

#include "../../runtime/observe.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace analytics::http {

struct PoolOptions {
    runtime::SessionOptions session;
    std::size_t size = 1;
    runtime::Milliseconds wait{1'000}; // for a session that is in use: the probes of two ports share one
};

/** A pool's sessions at one moment. */
struct PoolUse {
    std::size_t lent = 0;
    std::size_t idle = 0;
    std::size_t size = 0; // at most
};

class Pool final : public Database {
public:
    /** Opens nothing yet. */
    Pool(PoolOptions options, runtime::Observer &observe);

    runtime::Result run(std::size_t worker, const Statement &statement, const runtime::Parameters &parameters,
                        std::string_view tenant) override;

    [[nodiscard]] std::string_view name() const noexcept { return options_.session.name; }
    [[nodiscard]] PoolUse use() const;

private:
    enum class Use : std::uint8_t { closed, idle, busy };

    struct Slot {
        std::timed_mutex mutex;
        std::unique_ptr<runtime::DbSession> session;
        std::atomic<Use> use{Use::closed};
    };

    class Loan;

    std::unique_ptr<runtime::DbSession> open();

    PoolOptions options_;
    runtime::Observer &observe_;
    std::atomic<bool> is_away_{false};
    std::vector<Slot> slots_;
};

} // namespace analytics::http
