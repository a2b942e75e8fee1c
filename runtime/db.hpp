/* PostgreSQL, as far as the daemons need it: a thin layer over libpq, which nobody else includes.
 *
 * A Connection is used by one thread at a time. Every call has a deadline: when the server does not answer in time,
 * the connection is given up (it can't be told what became of the statement) and DbError says so. A statement that
 * merely takes long is the server's to cancel: set statement_timeout among the options, shorter than the deadline. The
 * deadline is what bounds a COMMIT, which no timeout of the server's does (it may wait for a standby), and a server that
 * was stopped or whose network is gone. */
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
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
    };

    DbError(std::string sqlstate, std::string message)
        : std::runtime_error(message), fields_{.sqlstate = std::move(sqlstate),
                                               .message = std::move(message),
                                               .detail = {},
                                               .hint = {},
                                               .constraint = {},
                                               .column = {}}
    {
    }
    explicit DbError(Fields fields) : std::runtime_error(fields.message), fields_(std::move(fields)) {}

    [[nodiscard]] const std::string &sqlstate() const noexcept { return fields_.sqlstate; }
    [[nodiscard]] std::string_view sqlstate_class() const noexcept
    {
        return std::string_view(fields_.sqlstate).substr(0, 2);
    }
    [[nodiscard]] const std::string &detail() const noexcept { return fields_.detail; }
    [[nodiscard]] const std::string &hint() const noexcept { return fields_.hint; }
    [[nodiscard]] const std::string &constraint() const noexcept { return fields_.constraint; }
    [[nodiscard]] const std::string &column() const noexcept { return fields_.column; }

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

/** The values of $1, $2 …; their types are what the statement casts them to. */
class Parameters {
public:
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

struct Notice {
    std::string_view severity; // not translated: WARNING, NOTICE …
    std::string_view sqlstate;
    std::string_view message;
};

/** Where and as what to connect. */
struct Target {
    std::string conninfo; // URL or keyword=value; empty: libpq's PG* decide
    std::string application_name;
    /** Server settings of the session, e.g. {"analytics.keep_skipped", "off"}; added to options in the conninfo. */
    std::vector<std::pair<std::string, std::string>> options = {};
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

    /** Runs one statement. */
    Result execute(std::string_view sql, const Parameters &parameters = {}, Milliseconds deadline = default_deadline);

    /** Prepares under the name, for this connection's life. */
    void prepare(const std::string &name, std::string_view sql, Milliseconds deadline = default_deadline);
    Result run(const std::string &name, const Parameters &parameters, Milliseconds deadline = default_deadline);

    /** Whether another statement may be tried: false once the connection was lost or given up, or its transaction has
     * failed. Asks the socket, not the server, so it notices a server that closed the connection since. */
    [[nodiscard]] bool is_usable() noexcept;

    static constexpr Milliseconds default_deadline{30'000};

private:
    struct Finish {
        void operator()(pg_conn *connection) const noexcept;
    };

    enum class Wait : std::uint8_t { ready, late, given_up };
    Wait wait_for(short events, std::chrono::steady_clock::time_point deadline);
    Result await(Milliseconds timeout);
    [[noreturn]] void lost(std::string message);

    std::unique_ptr<pg_conn, Finish> connection_;
    std::unique_ptr<std::function<void(const Notice &)>> on_notice_; // its address is known to libpq
    std::function<bool()> may_wait_;
};

} // namespace analytics::runtime
