#include "db.hpp"

#include "db_error.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <new>
#include <poll.h>
#include <tuple>

namespace analytics::runtime {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int slice_ms = 250; // of a long wait: keep_waiting is called between slices

/* The time left, as poll wants it: not longer than a slice. */
int left(Clock::time_point deadline)
{
    const auto rest = std::chrono::ceil<Milliseconds>(deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<Milliseconds::rep>(rest, 0, slice_ms));
}

void forward_notice(void *handler, const PGresult *result)
{
    const std::string severity = error_field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const std::string sqlstate = error_field(result, PG_DIAG_SQLSTATE);
    const std::string message = error_field(result, PG_DIAG_MESSAGE_PRIMARY);
    try {
        (*static_cast<const std::function<void(const Notice &)> *>(handler))({severity, sqlstate, message});
    } catch (...) { // libpq's frames are C: a notice is lost rather than the daemon
    }
}

} // namespace

void Connection::Finish::operator()(pg_conn *connection) const noexcept
{
    PQfinish(connection);
}

Connection::Connection(const Target &target) : keep_waiting_(target.keep_waiting)
{
    /* Of two values libpq takes the later one, so values before the conninfo are defaults. With these, a server
     * whose network is gone is noticed within ten seconds of the next send. */
    const std::array keywords{"tcp_user_timeout",          "keepalives_idle", "dbname",
                              "fallback_application_name", "client_encoding", static_cast<const char *>(nullptr)};
    const std::array values{"10000",
                            "30",
                            target.conninfo.c_str(),
                            target.application_name.c_str(),
                            "UTF8",
                            static_cast<const char *>(nullptr)};
    connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 1));
    if (!connection_) throw std::bad_alloc();
    PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);

    on_notice_ = std::make_unique<std::function<void(const Notice &)>>(target.on_notice ? target.on_notice
                                                                                        : [](const Notice &) {});
    PQsetNoticeReceiver(connection_.get(), forward_notice, on_notice_.get());

    const auto deadline = Clock::now() + target.connect_timeout;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (PQstatus(connection_.get()) != CONNECTION_BAD && state != PGRES_POLLING_OK &&
           state != PGRES_POLLING_FAILED) {
        const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (const Wait wait = wait_for(events, deadline); wait != Wait::ready)
            throw connect_error(
                wait == Wait::given_up
                    ? std::string("the server did not answer before the wait was given up")
                    : fmt::format("the server did not answer within {} ms", target.connect_timeout.count()));
        state = PQconnectPoll(connection_.get());
    }
    if (PQstatus(connection_.get()) != CONNECTION_OK) throw connect_error(PQerrorMessage(connection_.get()));
    PQsetnonblocking(connection_.get(), 1);
}

Connection::~Connection() = default;

void Connection::lost(std::string message)
{
    connection_.reset();
    throw DbError(connection_lost, std::move(message));
}

Connection::Wait Connection::wait_for(short events, Clock::time_point deadline)
{
    pollfd fd{PQsocket(connection_.get()), events, 0};
    for (;;) {
        if (poll(&fd, 1, left(deadline)) > 0) return Wait::ready;
        if (Clock::now() >= deadline) return Wait::late;
        if (keep_waiting_ && !keep_waiting_()) return Wait::given_up;
    }
}

void Connection::await(short events, const Deadline &deadline)
{
    if (PQsocket(connection_.get()) < 0) lost(one_line(PQerrorMessage(connection_.get())));
    const Wait outcome = wait_for(events, deadline.at);
    if (outcome == Wait::given_up) lost("no answer from the server before the wait was given up");
    if (outcome == Wait::late) lost(fmt::format("no answer from the server within {} ms", deadline.timeout.count()));
    if (PQconsumeInput(connection_.get()) == 0 && PQisBusy(connection_.get()) != 0)
        lost(one_line(PQerrorMessage(connection_.get())));
}

void Connection::flush(const Deadline &deadline)
{
    for (int pending = PQflush(connection_.get()); pending != 0; pending = PQflush(connection_.get())) {
        if (pending < 0) return; // a server that closed the connection may have sent the reason: read on
        await(POLLIN | POLLOUT, deadline);
    }
}

/* The server's next answer; null after the last answer to a command. */
PGresult *Connection::next(const Deadline &deadline)
{
    while (PQisBusy(connection_.get()) != 0) await(POLLIN, deadline);
    return PQgetResult(connection_.get());
}

void Connection::checked(int is_sent)
{
    if (is_sent == 0) lost(one_line(PQerrorMessage(connection_.get())));
}

/* What was sent to the server, in the order of its answers. */
struct Connection::Step {
    enum class Kind : std::uint8_t { prepare, execute } kind;
    std::string_view name;
    std::size_t query; // to which it belongs
};

void Connection::send(const Query &query, std::size_t place, std::vector<Step> &steps)
{
    const auto &[values, lengths, formats] =
        std::tie(query.parameters.values_, query.parameters.lengths_, query.parameters.formats_);
    const int count = static_cast<int>(values.size());
    const std::string sql(query.sql);
    if (!keeps_statements_) {
        checked(PQsendQueryParams(connection_.get(), sql.c_str(), count, nullptr, values.data(), lengths.data(),
                                  formats.data(), 0));
    } else {
        const std::string name(query.name);
        if (!prepared_.contains(name)) {
            checked(PQsendPrepare(connection_.get(), name.c_str(), sql.c_str(), 0, nullptr));
            steps.push_back({Step::Kind::prepare, query.name, place});
        }
        checked(PQsendQueryPrepared(connection_.get(), name.c_str(), count, values.data(), lengths.data(),
                                    formats.data(), 0));
    }
    steps.push_back({Step::Kind::execute, query.name, place});
}

/* The answer to the last step of interest. After an error the server skips everything up to the pipeline's end. */
Result Connection::answer_of(std::span<const Step> steps, std::size_t last, const Deadline &deadline)
{
    std::optional<Result> answer;
    std::optional<DbError> error;
    for (auto step = steps.begin();;) {
        PGresult *next_result = next(deadline);
        if (next_result == nullptr) {
            if (PQstatus(connection_.get()) == CONNECTION_BAD) break;
            if (step != steps.end()) ++step;
            continue;
        }
        Result result(next_result);
        const ExecStatusType status = PQresultStatus(next_result);
        if (status == PGRES_PIPELINE_SYNC) break;
        if (status == PGRES_PIPELINE_ABORTED) continue;
        const bool is_well = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
        if (!is_well && !error) error = error_of(next_result, step == steps.end() ? last : step->query);
        if (!is_well || step == steps.end()) continue;
        if (step->kind == Step::Kind::prepare)
            prepared_.emplace(step->name);
        else if (step == steps.begin() + static_cast<std::ptrdiff_t>(last))
            answer = std::move(result);
    }
    if (error) throw DbError(*error);
    if (!answer) lost("the server gave no answer");
    return std::move(*answer);
}

/* Ends a failed transaction, which a pipeline's end does not. The error of interest is the one that made it fail; if
 * the connection is lost meanwhile, the next call notices. */
void Connection::roll_back(const Deadline &deadline)
try {
    checked(PQsendQuery(connection_.get(), "ROLLBACK"));
    flush(deadline);
    while (PGresult *result = next(deadline)) PQclear(result);
} catch (const DbError &) {
    connection_.reset();
}

Result Connection::transact(std::span<const Query> queries, Ending ending, Milliseconds timeout)
{
    if (!connection_) lost("not connected");
    const Deadline deadline{Clock::now() + timeout, timeout};
    static const Parameters none;
    std::vector<Step> steps;
    checked(PQenterPipelineMode(connection_.get()));
    send({"begin", "BEGIN ISOLATION LEVEL READ COMMITTED", none}, 0, steps);
    for (std::size_t place = 0; place < queries.size(); ++place) send(queries[place], place, steps);
    const std::size_t last = steps.size() - 1;
    if (ending == Ending::commit) send({"commit", "COMMIT", none}, queries.size(), steps);
    if (ending == Ending::rollback) send({"rollback", "ROLLBACK", none}, queries.size(), steps);
    checked(PQpipelineSync(connection_.get()));
    flush(deadline);
    try {
        Result answer = answer_of(steps, last, deadline);
        checked(PQexitPipelineMode(connection_.get()));
        return answer;
    } catch (const DbError &) {
        if (is_usable() && PQexitPipelineMode(connection_.get()) != 0 &&
            PQtransactionStatus(connection_.get()) == PQTRANS_INERROR)
            roll_back(deadline);
        throw;
    }
}

int Connection::server_process() const noexcept
{
    return connection_ ? PQbackendPID(connection_.get()) : 0;
}

bool Connection::is_usable() noexcept
{
    if (!connection_) return false;
    pollfd fd{PQsocket(connection_.get()), POLLIN, 0};
    while (PQstatus(connection_.get()) == CONNECTION_OK && poll(&fd, 1, 0) > 0)
        if (PQconsumeInput(connection_.get()) == 0) return false;
    return PQstatus(connection_.get()) == CONNECTION_OK;
}

} // namespace analytics::runtime
