#include "pool.hpp"

#include "status.hpp"

#include "../runtime/extension.hpp"

#include <utility>

namespace analytics::http {

namespace {

using runtime::DbError;
using runtime::Event;

constexpr std::string_view put_off = "SELECT pg_catalog.set_config('role', $1, false)";

const Statement speak{.name = "speak",
                      .sql = "SELECT pg_catalog.set_config('analytics_http.tenant', $1, false),"
                             " pg_catalog.row_security_active('@extschema@.analytics_events'::pg_catalog.regclass)"};

// An operator's matter, told by the log; to the client the database is away.
constexpr const char *no_way_in = "28000"; // invalid_authorization_specification

} // namespace

class Pool::Session {
public:
    Session(const runtime::Target &target, const std::string &role, runtime::Milliseconds deadline)
        : connection_(target)
    {
        const auto extension = runtime::find_extension(connection_, deadline);
        if (!extension) throw DbError("42883", "the extension analytics_events is not in the database");
        schema_ = extension->schema;
        if (role.empty()) return;
        try {
            connection_.execute(put_off, runtime::Parameters().text(role), deadline);
        } catch (const DbError &error) {
            throw error.is_transient() ? error : DbError(no_way_in, error.what());
        }
    }

    runtime::Result run(const Statement &statement, const runtime::Parameters &parameters, std::string_view tenant,
                        runtime::Milliseconds deadline)
    {
        if (!tenant.empty()) speak_for(tenant, deadline);
        return run_alone(statement, parameters, deadline);
    }

    [[nodiscard]] bool is_usable() noexcept { return connection_.is_usable(); }

private:
    /** What runs next is run for this tenant. */
    void speak_for(std::string_view tenant, runtime::Milliseconds deadline)
    {
        runtime::Parameters name;
        name.text(tenant);
        if (!run_alone(speak, name, deadline).is_true(0, 1))
            throw DbError(no_way_in, "row-level security does not restrict the tenants' role on analytics_events");
    }

    runtime::Result run_alone(const Statement &statement, const runtime::Parameters &parameters,
                              runtime::Milliseconds deadline)
    {
        const std::string name(statement.name);
        if (!prepared_.contains(name)) {
            connection_.prepare(name, runtime::in_schema(statement.sql, schema_), deadline);
            prepared_.insert(name);
        }
        return connection_.run(name, parameters, deadline);
    }

    runtime::Connection connection_;
    std::string schema_;
    std::set<std::string> prepared_;
};

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

    Session &session()
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
    std::unique_ptr<Session> session_;
};

Pool::Pool(PoolOptions options, runtime::Observer &observe) : options_(std::move(options)), observe_(observe)
{
    idle_.reserve(options_.size); // so that a lease's end can't fail
}

Pool::~Pool() = default;

std::unique_ptr<Pool::Session> Pool::open()
{
    try {
        auto session = std::make_unique<Session>(options_.target, options_.role, options_.deadline);
        if (is_away_.exchange(false)) observe_(Event::database_recovered, {{"pool", options_.name}});
        return session;
    } catch (const DbError &error) {
        if (!is_away_.exchange(true))
            observe_(Event::database_unavailable,
                     {{"pool", options_.name}, {"sqlstate", error.sqlstate()}, {"message", error.what()}});
        throw;
    }
}

/* How long it took is observed, and what it failed with. */
runtime::Result Pool::call(Session &session, const Statement &statement, const runtime::Parameters &parameters,
                           std::string_view tenant, runtime::Milliseconds deadline)
{
    const auto begun = std::chrono::steady_clock::now();
    const auto tell = [&](std::string_view sqlstate) {
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
        observe_(Event::database_called, {{"pool", options_.name},
                                          {"statement", statement.name},
                                          {"milliseconds", took.count()},
                                          {"sqlstate", sqlstate}});
    };
    try {
        runtime::Result rows = session.run(statement, parameters, tenant, deadline);
        tell("00000");
        return rows;
    } catch (const DbError &error) {
        tell(error.sqlstate());
        throw;
    }
}

runtime::PoolUse Pool::use() const
{
    const std::scoped_lock lock(mutex_);
    return {.lent = lent_, .idle = idle_.size(), .size = options_.size};
}

runtime::Result Pool::run(const Statement &statement, const runtime::Parameters &parameters, std::string_view tenant)
{
    if (tenant.empty() != options_.role.empty()) throw std::logic_error("a statement on the wrong pool");
    Lease lease(*this);
    const auto begin = std::chrono::steady_clock::now();
    const auto left = [&] {
        return std::chrono::duration_cast<runtime::Milliseconds>(begin + options_.deadline -
                                                                 std::chrono::steady_clock::now());
    };
    Session &session = lease.session();
    try {
        return call(session, statement, parameters, tenant, options_.deadline);
    } catch (const DbError &error) {
        // A statement that failed with its session alive changed nothing; one whose session was lost may have.
        const bool is_spoilt = spoils_session(error.sqlstate());
        const bool is_dropped = lease.drop_if(is_spoilt);
        if (!is_dropped || !(is_spoilt || statement.is_read) || left() <= runtime::Milliseconds::zero()) throw;
    }
    return call(lease.session(), statement, parameters, tenant, left());
}

} // namespace analytics::http
