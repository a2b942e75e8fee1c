#include "db.hpp"

#include "db_conninfo.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <limits>
#include <poll.h>

namespace analytics::runtime {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char *could_not_connect = "08001";
constexpr const char *connection_lost = "08006";
constexpr std::string_view internal_error = "XX"; // a class
constexpr int slice_ms = 250;                     // how often a long wait is looked after

/* A message in one line: libpq's have several, with tabs, and a newline at the end. */
std::string one_line(std::string_view text)
{
    std::string line;
    for (const char c : text) {
        const bool blank = c == '\n' || c == '\t' || c == ' ';
        if (!blank)
            line += c;
        else if (!line.empty() && line.back() != ' ')
            line += ' ';
    }
    while (line.ends_with(' ')) line.pop_back();
    return line;
}

std::string field(const PGresult *result, int code)
{
    const char *text = PQresultErrorField(result, code);
    return text == nullptr ? std::string() : text;
}

DbError error_of(const PGresult *result)
{
    DbError::Fields fields;
    fields.sqlstate = field(result, PG_DIAG_SQLSTATE);
    fields.message = field(result, PG_DIAG_MESSAGE_PRIMARY);
    if (fields.sqlstate.empty()) { // libpq itself speaks: only the connection can be at fault
        fields.sqlstate = connection_lost;
        fields.message = one_line(PQresultErrorMessage(result));
    }
    fields.detail = field(result, PG_DIAG_MESSAGE_DETAIL);
    fields.hint = field(result, PG_DIAG_MESSAGE_HINT);
    fields.constraint = field(result, PG_DIAG_CONSTRAINT_NAME);
    fields.column = field(result, PG_DIAG_COLUMN_NAME);
    return DbError(std::move(fields));
}

constexpr std::size_t state_length = 5;

/* Where ":  28P01: " begins in a line, with any SQLSTATE. */
std::size_t find_state(std::string_view line)
{
    const auto is_state_char = [](unsigned char c) { return std::isdigit(c) != 0 || std::isupper(c) != 0; };
    for (std::size_t at = line.find(":  "); at != std::string_view::npos; at = line.find(":  ", at + 1)) {
        const std::string_view state = line.substr(at + 3).substr(0, state_length);
        const bool is_state = state.size() == state_length && std::all_of(state.begin(), state.end(), is_state_char);
        if (is_state && line.substr(at + 3 + state_length).starts_with(": ")) return at;
    }
    return std::string_view::npos;
}

/* A refused connection has no PGresult, so the verbose message is all there is to learn the SQLSTATE from; with several
 * hosts, the last one's:
 *
 *     connection to server … failed: FATAL:  28P01: password authentication failed for user "x"
 *     LOCATION:  auth_failed, auth.c:335
 *
 * A server that can't begin a session for an internal reason (class XX: with a full disk it could not write its cache of
 * the catalog) is one that can't be connected to; its own state stays in the message. */
DbError connect_error(std::string_view verbose)
{
    DbError::Fields fields;
    fields.sqlstate = could_not_connect;
    std::string text;
    for (std::string_view rest = verbose; !rest.empty();) {
        std::string line(rest.substr(0, rest.find('\n')));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (line.starts_with("LOCATION:")) continue;
        const std::size_t at = find_state(line);
        if (at != std::string::npos && !line.substr(at + 3).starts_with(internal_error)) {
            fields.sqlstate = line.substr(at + 3, state_length);
            line.erase(at + 3, state_length + 2);
        }
        text += line + '\n';
    }
    fields.message = one_line(text);
    return DbError(std::move(fields));
}

/* The time left, as poll wants it: not longer than a slice. */
int left(Clock::time_point deadline)
{
    const auto rest = std::chrono::ceil<Milliseconds>(deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<Milliseconds::rep>(rest, 0, slice_ms));
}

void forward_notice(void *handler, const PGresult *result)
{
    const std::string severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const std::string sqlstate = field(result, PG_DIAG_SQLSTATE);
    const std::string message = field(result, PG_DIAG_MESSAGE_PRIMARY);
    try {
        (*static_cast<const std::function<void(const Notice &)> *>(handler))({severity, sqlstate, message});
    } catch (...) { // libpq's frames are C: a notice is lost rather than the daemon
    }
}

} // namespace

bool is_transient(std::string_view sqlstate) noexcept
{
    static constexpr std::array<std::string_view, 5> classes{"08", "53", "57", "58", "40"};
    static constexpr std::array<std::string_view, 2> states{
        "55P03", // lock_timeout, where the role or the database has one: as good as 57014, statement_timeout
        "25006"  // a standby that is about to be promoted, or a server that its operator made read-only
    };
    return std::find(classes.begin(), classes.end(), sqlstate.substr(0, 2)) != classes.end() ||
           std::find(states.begin(), states.end(), sqlstate) != states.end();
}

bool DbError::is_transient() const noexcept
{
    return runtime::is_transient(fields_.sqlstate);
}

void Result::Clear::operator()(pg_result *result) const noexcept
{
    PQclear(result);
}

int Result::rows() const noexcept
{
    return PQntuples(result_.get());
}

int Result::columns() const noexcept
{
    return PQnfields(result_.get());
}

std::optional<std::string_view> Result::get(int row, int column) const noexcept
{
    if (PQgetisnull(result_.get(), row, column) != 0) return {};
    return std::string_view(PQgetvalue(result_.get(), row, column),
                            static_cast<std::size_t>(PQgetlength(result_.get(), row, column)));
}

std::string_view Result::text(int row, int column) const
{
    const auto value = row < rows() && column < columns() ? get(row, column) : std::nullopt;
    if (!value) throw DbError("22004", fmt::format("no value in row {}, column {} of the answer", row, column));
    return *value;
}

std::int64_t Result::integer(int row, int column) const
{
    const std::string_view digits = text(row, column);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size())
        throw DbError("22P02", fmt::format("no integer in row {}, column {} of the answer", row, column));
    return value;
}

Parameters &Parameters::null()
{
    values_.push_back(nullptr);
    lengths_.push_back(0);
    formats_.push_back(0);
    return *this;
}

Parameters &Parameters::text(std::optional<std::string_view> value)
{
    if (!value) return null();
    if (value->find('\0') != std::string_view::npos) // libpq would end the text there
        throw DbError("22021", "invalid byte sequence for encoding \"UTF8\": 0x00");
    values_.push_back(owned_.emplace_back(*value).c_str());
    lengths_.push_back(0);
    formats_.push_back(0);
    return *this;
}

Parameters &Parameters::integer(std::optional<std::int64_t> value)
{
    return value ? text(std::to_string(*value)) : null();
}

Parameters &Parameters::binary(std::optional<std::string_view> value)
{
    if (!value) return null();
    if (value->size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        throw DbError("54000", "a parameter of more than 2 GiB");
    values_.push_back(value->data() == nullptr ? "" : value->data());
    lengths_.push_back(static_cast<int>(value->size()));
    formats_.push_back(1);
    return *this;
}

void Connection::Finish::operator()(pg_conn *connection) const noexcept
{
    PQfinish(connection);
}

Connection::Connection(const Target &target) : may_wait_(target.may_wait)
{
    const std::string options = session_options(target.conninfo, target.options);
    /* Of two values libpq takes the later one: what stands before the conninfo is a default. A peer that went away
     * without a word is noticed within ten seconds of the next send. */
    const std::array keywords{"tcp_user_timeout",
                              "keepalives_idle",
                              "dbname",
                              "fallback_application_name",
                              "client_encoding",
                              "options",
                              static_cast<const char *>(nullptr)};
    const std::array values{"10000",
                            "30",
                            target.conninfo.c_str(),
                            target.application_name.c_str(),
                            "UTF8",
                            options.c_str(),
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
        if (may_wait_ && !may_wait_()) return Wait::given_up;
    }
}

Result Connection::await(Milliseconds timeout)
{
    const auto deadline = Clock::now() + timeout;
    const auto wait = [&](short events) {
        if (PQsocket(connection_.get()) < 0) lost(one_line(PQerrorMessage(connection_.get())));
        const Wait outcome = wait_for(events, deadline);
        if (outcome == Wait::given_up) lost("no answer from the server before the wait was given up");
        if (outcome == Wait::late) lost(fmt::format("no answer from the server within {} ms", timeout.count()));
    };
    const auto consume = [&] {
        if (PQconsumeInput(connection_.get()) == 0 && PQisBusy(connection_.get()) != 0)
            lost(one_line(PQerrorMessage(connection_.get())));
    };

    for (int pending = PQflush(connection_.get()); pending != 0; pending = PQflush(connection_.get())) {
        if (pending < 0) break; // a server that hung up may have said why: read on
        wait(POLLIN | POLLOUT);
        consume();
    }

    std::optional<Result> answer;
    std::optional<DbError> error;
    for (;;) {
        while (PQisBusy(connection_.get()) != 0) {
            wait(POLLIN);
            consume();
        }
        PGresult *next = PQgetResult(connection_.get());
        if (next == nullptr) break;
        Result result(next);
        const ExecStatusType status = PQresultStatus(next);
        if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
            answer = std::move(result);
        else if (!error)
            error = error_of(next);
    }
    if (error) throw DbError(*error);
    if (!answer) lost("the server gave no answer");
    return std::move(*answer);
}

Result Connection::execute(std::string_view sql, const Parameters &parameters, Milliseconds deadline)
{
    if (!connection_) lost("not connected");
    if (PQsendQueryParams(connection_.get(), std::string(sql).c_str(), static_cast<int>(parameters.values_.size()),
                          nullptr, parameters.values_.data(), parameters.lengths_.data(), parameters.formats_.data(),
                          0) == 0)
        lost(one_line(PQerrorMessage(connection_.get())));
    return await(deadline);
}

void Connection::prepare(const std::string &name, std::string_view sql, Milliseconds deadline)
{
    if (!connection_) lost("not connected");
    if (PQsendPrepare(connection_.get(), name.c_str(), std::string(sql).c_str(), 0, nullptr) == 0)
        lost(one_line(PQerrorMessage(connection_.get())));
    await(deadline);
}

Result Connection::run(const std::string &name, const Parameters &parameters, Milliseconds deadline)
{
    if (!connection_) lost("not connected");
    if (PQsendQueryPrepared(connection_.get(), name.c_str(), static_cast<int>(parameters.values_.size()),
                            parameters.values_.data(), parameters.lengths_.data(), parameters.formats_.data(), 0) == 0)
        lost(one_line(PQerrorMessage(connection_.get())));
    return await(deadline);
}

bool Connection::is_usable() noexcept
{
    if (!connection_) return false;
    pollfd fd{PQsocket(connection_.get()), POLLIN, 0};
    while (PQstatus(connection_.get()) == CONNECTION_OK && poll(&fd, 1, 0) > 0)
        if (PQconsumeInput(connection_.get()) == 0) return false;
    const PGTransactionStatusType transaction = PQtransactionStatus(connection_.get());
    return PQstatus(connection_.get()) == CONNECTION_OK &&
           (transaction == PQTRANS_IDLE || transaction == PQTRANS_INTRANS);
}

} // namespace analytics::runtime
