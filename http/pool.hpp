/* A bounded pool of sessions.
 *
 * Sessions are opened when needed, up to the bound, and the one used last is lent first, so that few stay warm under
 * little load. Who finds none free waits, but not for long: a queue in front of a slow database helps nobody, so after
 * `wait` the answer is 53300, which becomes 503. A session that was lost is never lent: its socket is asked before
 * (a restarted server has closed it), and one that fails in use is dropped; what was only read is then read again on
 * a new one.
 *
 * Statements for one tenant run on a pool of their own, whose sessions put on a role that policies restrict
 * (doc/roles.sql) in each transaction. A pool of one kind refuses statements of the other, so a slip of the caller's is
 * an error and not a leak. */
#pragma once

#include "database.hpp"
#include "metrics.hpp"

#include "../runtime/observe.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

namespace analytics::http {

struct PoolOptions {
    runtime::SessionOptions session;
    std::size_t size = 1;
    runtime::Milliseconds wait{2'000}; // for a free session
};

class Pool final : public Database {
public:
    /** Opens nothing yet. */
    Pool(PoolOptions options, runtime::Observer &observe);
    ~Pool() override;

    runtime::Result run(const Statement &statement, const runtime::Parameters &parameters,
                        std::string_view tenant) override;

    [[nodiscard]] std::string_view name() const noexcept { return options_.session.name; }
    [[nodiscard]] PoolUse use() const;

private:
    class Lease;

    std::unique_ptr<runtime::DbSession> open();

    PoolOptions options_;
    runtime::Observer &observe_;
    std::atomic<bool> is_away_{false};

    mutable std::mutex mutex_;
    std::condition_variable has_free_;
    std::vector<std::unique_ptr<runtime::DbSession>> idle_;
    std::size_t lent_ = 0;
};

} // namespace analytics::http
