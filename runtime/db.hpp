/* A thin layer over libpq. The daemons use it through a DbSession (db_session.hpp), which sets role and settings
 * within each transaction.
 *
 * A Connection runs transactions, each in one round trip: libpq's pipeline sends BEGIN, the statements and COMMIT at
 * once. It can do nothing else, so nothing that a transaction sets outlives it. That matters behind a pooler, where
 * the next transaction may run in another server process, and another client's transaction in this one.
 *
 * A Connection is used by one thread at a time. Every call has a deadline. When the server does not answer in time,
 * the connection is closed and DbError is thrown; the outcome of the transaction is unknown. The server itself
 * should cancel a slow statement, by a statement_timeout that is shorter than the deadline. The deadline bounds what
 * no time-out of the server's does: a COMMIT that waits for a standby, a server that was stopped, a network that is
 * gone. */
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct pg_conn;   // libpq's PGconn
struct pg_result; // libpq's PGresult

namespace analytics::runtime {

using Milliseconds = std::chrono::milliseconds;

/** An error of the server, or of the connection to it. what() is the primary message. */
class DbError : public std::runtime_error {
public:
    struct Fields {
        std::string sqlstate; // never empty: 08001 could not connect, 08006 the connection was lost
        std::string message;
        std::string detail = {};
        std::string hint = {};
        std::size_t query = 0; // which query of the transaction failed, from 0
    };

    DbError(std::string sqlstate, std::string message)
        : std::runtime_error(message), fields_{.sqlstate = std::move(sqlstate), .message = std::move(message)}
    {
    }
    explicit DbError(Fields fields) : std::runtime_error(fields.message), fields_(std::move(fields)) {}

    [[nodiscard]] const std::string &sqlstate() const noexcept { return fields_.sqlstate; }
    [[nodiscard]] const std::string &detail() const noexcept { return fields_.detail; }
    [[nodiscard]] const std::string &hint() const noexcept { return fields_.hint; }
    /** For an event: absent where there is none. */
    [[nodiscard]] std::optional<std::string_view> optional_hint() const noexcept
    {
        return fields_.hint.empty() ? std::nullopt : std::optional<std::string_view>(fields_.hint);
    }
    [[nodiscard]] std::size_t query() const noexcept { return fields_.query; }

    /** Whether the same call may succeed later: class 08, 53, 57, 58 or 40, a lock's time-out, a read-only server. */
    [[nodiscard]] bool is_transient() const noexcept;

private:
    Fields fields_;
};

/** Whether a SQLSTATE says that the same statement may succeed later. */
[[nodiscard]] bool is_transient(std::string_view sqlstate) noexcept;

/** The rows of an answer, as text. Views are valid as long as the Result. */
class Result {
public:
    explicit Result(pg_result *owned) : result_(owned) {}

    [[nodiscard]] int rows() const noexcept;
    [[nodiscard]] int columns() const noexcept;
    /** Of a column. */
    [[nodiscard]] std::string_view name(int column) const noexcept;
    /** Nothing: SQL NULL. */
    [[nodiscard]] std::optional<std::string_view> get(int row, int column) const noexcept;
    /** The value of a column that is never null; throws DbError when it is. */
    [[nodiscard]] std::string_view text(int row, int column) const;
    [[nodiscard]] std::int64_t integer(int row, int column) const;
    /** A boolean column. */
    [[nodiscard]] bool is_true(int row, int column) const { return text(row, column) == "t"; }

private:
    struct Clear {
        void operator()(pg_result *result) const noexcept;
    };
    std::unique_ptr<pg_result, Clear> result_;
};

/** The values of $1, $2 …; the statement casts them to their types. Not copyable: a copy would point into the
 * original. */
class Parameters {
public:
    Parameters() = default;
    Parameters(Parameters &&) noexcept = default;
    Parameters &operator=(Parameters &&) noexcept = default;
    Parameters(const Parameters &) = delete;
    Parameters &operator=(const Parameters &) = delete;
    ~Parameters() = default;

    Parameters &null();
    /** Copies the text, since libpq needs it NUL-terminated. Throws 22021 for a text with a NUL. Nothing: SQL NULL. */
    Parameters &text(std::optional<std::string_view> value);
    Parameters &integer(std::optional<std::int64_t> value);
    /** A value in its type's binary form, such as an ArrayWriter's view, or a bytea's bytes. Not copied: it must live
     * until the statement has run. */
    Parameters &binary(std::optional<std::string_view> value);

private:
    friend class Connection;

    std::deque<std::string> owned_;
    std::vector<const char *> values_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
};

/** One statement of a transaction. */
struct Query {
    std::string_view name; // one for each text
    std::string_view sql;
    const Parameters &parameters;
};

enum class Ending : std::uint8_t { commit, rollback };

struct Notice {
    std::string_view severity; // not translated: WARNING, NOTICE …
    std::string_view sqlstate;
    std::string_view message;
};

/** Where and as what to connect. */
struct Target {
    std::string conninfo; // URL or keyword=value; empty: libpq's PG* decide
    std::string application_name;
    Milliseconds connect_timeout{5'000};
    std::function<void(const Notice &)> on_notice = {};
    /** Called a few times a second, on the caller's thread, while we wait for the server. False ends the wait, as the
     * deadline does. */
    std::function<bool()> keep_waiting = {};
};

class Connection {
public:
    /** Connects; throws DbError. client_encoding is UTF8. */
    explicit Connection(const Target &target);
    ~Connection();
    Connection(Connection &&) noexcept = default;
    Connection &operator=(Connection &&) noexcept = default;

    /** Runs the queries in a transaction (READ COMMITTED), and returns the last one's rows. Throws DbError: then
     * nothing was committed; if the connection was lost, that is unknown. */
    Result transact(std::span<const Query> queries, Ending ending = Ending::commit,
                    Milliseconds timeout = default_deadline);

    /** From now on each statement is prepared when first used. Only for a connection that has a server process of its
     * own. Without it statements are parsed each time. */
    void keep_statements() noexcept { keeps_statements_ = true; }
    /** The server's process id as given when we connected; a pooler invents one. */
    [[nodiscard]] int server_process() const noexcept;

    /** Whether another transaction may be tried. False once the connection was lost or closed; the socket
     * shows whether the server has closed it. */
    [[nodiscard]] bool is_usable() noexcept;

    static constexpr Milliseconds default_deadline{30'000};

private:
    struct Finish {
        void operator()(pg_conn *connection) const noexcept;
    };

    enum class Wait : std::uint8_t { ready, late, given_up };
    struct Deadline {
        std::chrono::steady_clock::time_point at;
        Milliseconds timeout;
    };
    struct Step;

    Wait wait_for(short events, std::chrono::steady_clock::time_point deadline);
    void await(short events, const Deadline &deadline);
    void flush(const Deadline &deadline);
    pg_result *next(const Deadline &deadline);
    void send(const Query &query, std::size_t place, std::vector<Step> &steps);
    Result answer_of(std::span<const Step> steps, std::size_t last, const Deadline &deadline);
    void roll_back(const Deadline &deadline);
    void checked(int is_sent);
    [[noreturn]] void lost(std::string message);

    std::unique_ptr<pg_conn, Finish> connection_;
    std::unique_ptr<std::function<void(const Notice &)>> on_notice_; // its address is known to libpq
    std::function<bool()> keep_waiting_;
    bool keeps_statements_ = false;
    std::set<std::string, std::less<>> prepared_; // names
};

} // namespace analytics::runtime
