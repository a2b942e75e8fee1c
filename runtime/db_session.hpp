/* A database session of either daemon. It connects when first used, and again after each loss of the connection;
 * finds the extension and compares versions; runs each statement in a transaction that has its own role and
 * settings; reports how long each call took.
 *
 * A transaction sets, before its statement and in the same round trip:
 *
 *     the role and the tenant   which rows it may see; for a tenant, it also checks that policies restrict the role
 *     the daemon's settings     statement_timeout, analytics.keep_skipped …
 *     all other settings that an answer depends on, to the server's defaults: search_path, DateStyle, analytics.* …
 *
 * All of it ends with the transaction, so earlier and later users of the session don't matter: behind a pooler in
 * transaction mode they are other clients. For the same reason no setting is sent at the start of the connection: a
 * pooler refuses unknown startup parameters, or drops them.
 *
 * Without a pooler the session is ours alone. Then settings are made once, and statements are prepared. The process
 * id that the server reports when we connect shows which it is: a pooler invents one.
 *
 * "The server's default" is the meaning of `SET LOCAL x TO DEFAULT`: the operator's setting, by ALTER ROLE or in
 * postgresql.conf, and not what another client has left behind. */
#pragma once

#include "db.hpp"
#include "observe.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace analytics::runtime {

struct Statement {
    std::string_view name;
    std::string_view sql; // @extschema@: the extension's schema, quoted
    bool is_read = false; // may be run again when the connection is lost meanwhile
};

/** A call of a statement. */
struct Call {
    const Statement &statement;
    const Parameters &parameters;
};

struct SessionOptions {
    std::string_view name = {}; // of the pool, for the log; may be empty
    Target target;
    std::vector<std::pair<std::string, std::string>> settings = {}; // server settings of each transaction
    std::string role = {};                                          // of each transaction; policies must restrict it
    Milliseconds deadline{30'000}; // of a transaction; statement_timeout should be shorter
};

class DbSession {
public:
    DbSession(SessionOptions options, Observer &observe) : options_(std::move(options)), observe_(observe) {}

    /** Connects unless connected. Throws DbError: 42704 without the extension, 0A000 when its version is not
     * ours, the server has loaded an earlier version's library, or the tables are of an earlier release. */
    void connect();

    /** tenant: for a session with a role; the statement sees and stores this tenant's rows only. Throws DbError:
     * 28000 when the role can't be set, or policies don't restrict it. */
    Result run(const Statement &statement, const Parameters &parameters, std::string_view tenant = {},
               std::optional<Milliseconds> deadline = {});

    /** Runs them in one transaction and rolls it back; returns the last one's answer. */
    Result rehearse(std::span<const Call> calls);

    /** Whether it is connected, as far as the socket knows. */
    [[nodiscard]] bool is_usable() noexcept { return connection_ && connection_->is_usable(); }
    void disconnect() noexcept { connection_.reset(); }

private:
    Result transact(std::span<const Call> calls, Ending ending, std::string_view tenant, Milliseconds deadline);
    std::string_view text_of(const Statement &statement);

    SessionOptions options_;
    Observer &observe_;
    std::optional<Connection> connection_;
    std::string schema_;                            // the extension's, quoted
    std::string identify_;                          // what each transaction runs first
    std::map<std::string_view, std::string> texts_; // of statements, by name
};

} // namespace analytics::runtime
