/* PostgreSQL, as far as the daemons need it: a thin layer over libpq, which nobody else includes. What a daemon asks for
 * goes through a DbSession (db_session.hpp), which says within each transaction who asks.
 *
 * A Connection runs transactions, each in one round trip: libpq's pipeline sends BEGIN, the statements and COMMIT at
 * once. Nothing else can be asked of it, so nothing that a transaction sets can outlive it. That matters behind a pooler,
 * where the next transaction may run on another server process, and another client's on this one.
 *
 * A Connection is used by one thread at a time. Every call has a deadline: when the server does not answer in time,
 * the connection is given up (it can't be told what became of the transaction) and DbError says so. A statement that
 * merely takes long is the server's to cancel, by a statement_timeout that is shorter than the deadline. The deadline is
 * what bounds a COMMIT, which no timeout of the server's does (it may wait for a standby), and a server that was stopped
 * or whose network is gone. */
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

/** What the server, or the lack of one, said. what() is the primary message. */
class DbError : public std::runtime_error {
public:
    struct Fields {
        std::string sqlstate; // never empty: 08001 no connection could be made, 08006 the connection was lost
        std::string message;
        std::string detail;
        std::string hint;
        std::string constraint;
        std::string column;
        std::size_t query = 0; // which of the transaction's failed, from 0
    };

    DbError(std::string sqlstate, std::string message)
        : std::runtime_error(message), fields_{.sqlstate = std::move(sqlstate),
                                               .message = std::move(message),
                                               .detail = {},
                                               .hint = {},
                                               .constraint = {},
                                               .column = {},
                                               .query = 0}
    {
    }
    explicit DbError(Fields fields) : std::runtime_error(fields.message), fields_(std::move(fields)) {}

    [[nodiscard]] const std::string &sqlstate() const noexcept { return fields_.sqlstate; }
    [[nodiscard]] const std::string &detail() const noexcept { return fields_.detail; }
    [[nodiscard]] const std::string &hint() const noexcept { return fields_.hint; }
    [[nodiscard]] const std::string &constraint() const noexcept { return fields_.constraint; }
    [[nodiscard]] const std::string &column() const noexcept { return fields_.column; }
    [[nodiscard]] std::size_t query() const noexcept { return fields_.query; }

    /** Whether the server is sick and may get well: class 08, 53, 57, 58 or 40, a lock's time-out, a read-only server. */
    [[nodiscard]] bool is_transient() const noexcept;

private:
    Fields fields_;
};

/** Whether a SQLSTATE says that the same statement may succeed later. */
[[nodiscard]] bool is_transient(std::string_view sqlstate) noexcept;

/** The rows of an answer, as text. Views live as long as the Result. */
class Result {
public:
    explicit Result(pg_result *owned) : result_(owned) {}

    [[nodiscard]] int rows() const noexcept;
    [[nodiscard]] int columns() const noexcept;
    /** Nothing: SQL NULL. */
    [[nodiscard]] std::optional<std::string_view> get(int row, int column) const noexcept;
    /** The value of a column that can't be null; throws DbError otherwise. */
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

/** The values of $1, $2 …; their types are what the statement casts them to. A copy would point into what it was copied
 * from, so there is none. */
class Parameters {
public:
    Parameters() = default;
    Parameters(Parameters &&) noexcept = default;
    Parameters &operator=(Parameters &&) noexcept = default;
    Parameters(const Parameters &) = delete;
    Parameters &operator=(const Parameters &) = delete;
    ~Parameters() = default;

    Parameters &null();
    /** Copied: libpq wants it NUL-terminated. Throws 22021 for a text that holds a NUL itself. Nothing: SQL NULL. */
    Parameters &text(std::optional<std::string_view> value);
    Parameters &integer(std::optional<std::int64_t> value);
    /** The type's binary form, e.g. an ArrayWriter's view; a bytea's is its bytes. Not copied: it must live until the
     * statement has run. */
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
    std::string_view name; // of the statement: one text, one name
    std::string_view sql;
    const Parameters &parameters;
};

/** stays_open: the next call goes on in the same transaction. */
enum class Ending : std::uint8_t { commit, rollback, stays_open };

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
    /** Asked a few times a second, on the caller's thread, while the server makes us wait: false gives up as at the
     * deadline. */
    std::function<bool()> may_wait = {};
};

class Connection {
public:
    /** Connects; throws DbError. client_encoding is UTF8. */
    explicit Connection(const Target &target);
    ~Connection();
    Connection(Connection &&) noexcept = default;
    Connection &operator=(Connection &&) noexcept = default;

    /** Runs the queries in a transaction of their own (READ COMMITTED), or in the one that is open, and answers what the
     * last one does. Throws DbError: then nothing was committed, unless the connection was lost, which leaves that
     * unknown. */
    Result transact(std::span<const Query> queries, Ending ending = Ending::commit,
                    Milliseconds timeout = default_deadline);

    /** Statements are prepared under their names when first used, and kept from then on: only for who has a server process
     * to himself for as long as the connection lasts. Else they are parsed each time. */
    void keep_statements() noexcept { keeps_statements_ = true; }
    /** The process that the server says it is; a pooler makes one up. */
    [[nodiscard]] int server_process() const noexcept;

    [[nodiscard]] bool is_in_transaction() const noexcept;
    /** Whether another transaction may be tried: false once the connection was lost or given up. Asks the socket, not the
     * server, so it notices a server that closed the connection since. */
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
    std::function<bool()> may_wait_;
    bool keeps_statements_ = false;
    std::set<std::string, std::less<>> prepared_; // names
};

} // namespace analytics::runtime
