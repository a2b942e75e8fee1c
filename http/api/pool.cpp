#include "pool.hpp"

#include "status.hpp"

#include <algorithm>
#include <utility>

namespace analytics::http {

namespace {

using runtime::DbError;

} // namespace

/* A slot's session while a statement runs on it. */
class Pool::Loan {
public:
    Loan(Pool &pool, Slot &slot) : pool_(pool), slot_(slot), lock_(slot.mutex, pool.options_.wait)
    {
        if (!lock_) throw DbError("53300", "no database connection became free in time");
        slot_.use = Use::busy;
    }
    ~Loan() { slot_.use = slot_.session ? Use::idle : Use::closed; }
    Loan(const Loan &) = delete;
    Loan &operator=(const Loan &) = delete;

    runtime::DbSession &session()
    {
        if (slot_.session && !slot_.session->is_usable()) slot_.session.reset();
        if (!slot_.session) slot_.session = pool_.open();
        return *slot_.session;
    }

    /** Ends what can't be used again; whether it did. */
    bool drop_if(bool is_spoilt)
    {
        if (!slot_.session || (!is_spoilt && slot_.session->is_usable())) return false;
        slot_.session.reset();
        return true;
    }

private:
    Pool &pool_;
    Slot &slot_;
    std::unique_lock<std::timed_mutex> lock_;
};

Pool::Pool(PoolOptions options, runtime::Observer &observe)
    : options_(std::move(options)), observe_(observe), slots_(options_.size)
{
}

std::unique_ptr<runtime::DbSession> Pool::open()
{
    try {
        auto session = std::make_unique<runtime::DbSession>(options_.session, observe_);
        session->connect();
        if (is_away_.exchange(false)) observe_(event::DatabaseRecovered{.pool = name()});
        return session;
    } catch (const DbError &error) {
        if (!is_away_.exchange(true))
            observe_(event::DatabaseUnavailable{
                .pool = name(), .sqlstate = error.sqlstate(), .message = error.what(), .hint = error.optional_hint()});
        throw;
    }
}

PoolUse Pool::use() const
{
    const auto count = [&](Use use) {
        return static_cast<std::size_t>(
            std::count_if(slots_.begin(), slots_.end(), [&](const Slot &slot) { return slot.use == use; }));
    };
    return {.lent = count(Use::busy), .idle = count(Use::idle), .size = slots_.size()};
}

runtime::Result Pool::run(std::size_t worker, const Statement &statement, const runtime::Parameters &parameters,
                          std::string_view tenant)
{
    const runtime::Milliseconds deadline = options_.session.deadline;
    Loan loan(*this, slots_.at(worker));
    const auto begin = std::chrono::steady_clock::now();
    const auto left = [&] {
        return std::chrono::duration_cast<runtime::Milliseconds>(begin + deadline - std::chrono::steady_clock::now());
    };
    runtime::DbSession &session = loan.session();
    try {
        return session.run(statement, parameters, tenant, deadline);
    } catch (const DbError &error) {
        // A statement that failed with its session alive changed nothing; one whose session was lost may have.
        const bool is_spoilt = spoils_session(error.sqlstate());
        const bool is_dropped = loan.drop_if(is_spoilt);
        if (!is_dropped || !(is_spoilt || statement.is_read) || left() <= runtime::Milliseconds::zero()) throw;
    }
    return loan.session().run(statement, parameters, tenant, left());
}

} // namespace analytics::http
