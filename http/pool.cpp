#include "pool.hpp"

#include "status.hpp"

#include <utility>

namespace analytics::http {

namespace {

using runtime::DbError;
using runtime::Event;

} // namespace

/* A session while it is lent: it comes back when the lease ends, or its place does. */
class Pool::Lease {
public:
    explicit Lease(Pool &pool) : pool_(pool)
    {
        std::unique_lock lock(pool_.mutex_);
        const bool is_free = pool_.has_free_.wait_for(
            lock, pool_.options_.wait, [&] { return !pool_.idle_.empty() || pool_.lent_ < pool_.options_.size; });
        if (!is_free) throw DbError("53300", "no database connection became free in time");
        if (!pool_.idle_.empty()) {
            session_ = std::move(pool_.idle_.back());
            pool_.idle_.pop_back();
        }
        ++pool_.lent_;
    }

    ~Lease()
    {
        {
            const std::scoped_lock lock(pool_.mutex_);
            --pool_.lent_;
            if (session_) pool_.idle_.push_back(std::move(session_));
        }
        pool_.has_free_.notify_one();
    }

    Lease(const Lease &) = delete;
    Lease &operator=(const Lease &) = delete;

    runtime::DbSession &session()
    {
        if (session_ && !session_->is_usable()) session_.reset();
        if (!session_) session_ = pool_.open();
        return *session_;
    }

    /** Ends what can't be used again; whether it did. */
    bool drop_if(bool is_spoilt)
    {
        if (!session_ || (!is_spoilt && session_->is_usable())) return false;
        session_.reset();
        return true;
    }

private:
    Pool &pool_;
    std::unique_ptr<runtime::DbSession> session_;
};

Pool::Pool(PoolOptions options, runtime::Observer &observe) : options_(std::move(options)), observe_(observe)
{
    idle_.reserve(options_.size); // so that a lease's end can't fail
}

Pool::~Pool() = default;

std::unique_ptr<runtime::DbSession> Pool::open()
{
    try {
        auto session = std::make_unique<runtime::DbSession>(options_.session, observe_);
        session->connect();
        if (is_away_.exchange(false)) observe_(Event::database_recovered, {{"pool", name()}});
        return session;
    } catch (const DbError &error) {
        if (!is_away_.exchange(true))
            observe_(Event::database_unavailable,
                     {{"pool", name()}, {"sqlstate", error.sqlstate()}, {"message", error.what()}});
        throw;
    }
}

PoolUse Pool::use() const
{
    const std::scoped_lock lock(mutex_);
    return {.lent = lent_, .idle = idle_.size(), .size = options_.size};
}

runtime::Result Pool::run(const Statement &statement, const runtime::Parameters &parameters, std::string_view tenant)
{
    const runtime::Milliseconds deadline = options_.session.deadline;
    Lease lease(*this);
    const auto begin = std::chrono::steady_clock::now();
    const auto left = [&] {
        return std::chrono::duration_cast<runtime::Milliseconds>(begin + deadline - std::chrono::steady_clock::now());
    };
    runtime::DbSession &session = lease.session();
    try {
        return session.run(statement, parameters, tenant, deadline);
    } catch (const DbError &error) {
        // A statement that failed with its session alive changed nothing; one whose session was lost may have.
        const bool is_spoilt = spoils_session(error.sqlstate());
        const bool is_dropped = lease.drop_if(is_spoilt);
        if (!is_dropped || !(is_spoilt || statement.is_read) || left() <= runtime::Milliseconds::zero()) throw;
    }
    return lease.session().run(statement, parameters, tenant, left());
}

} // namespace analytics::http
