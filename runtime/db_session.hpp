/* A session with the database, as both daemons have it: connects when first used, and again whenever the connection was
 * lost; finds the extension and compares versions; runs each statement in a transaction that says who it is; tells how
 * long it took.
 *
 * What a transaction says, before its statement and in the same round trip:
 *
 *     the role and the tenant   whose rows it may see, and for a tenant that policies restrict that role at all
 *     the daemon's settings     statement_timeout, analytics.keep_skipped …
 *     everything else that an answer may depend on, as the server has it: search_path, DateStyle, analytics.* …
 *
 * All of it ends with the transaction, so it does not matter whose session it was before, nor whose it is next: behind a
 * pooler that shares sessions out by transaction both are other clients. For the same reason nothing is sent as the
 * connection begins: a pooler refuses what it does not know, or drops it.
 *
 * Where the server's process is the one that we are connected to, nobody else has its session: there settings are made
 * once, and statements prepared. A pooler makes up the number of the process that it tells.
 *
 * "As the server has it" is what `SET LOCAL x TO DEFAULT` means: the operator's word, by ALTER ROLE or in
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
    std::string_view sql; // @extschema@ stands for the extension's schema, quoted
    bool is_read = false; // may be run again when the connection is lost in the middle
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
    std::string role = {};         // that each transaction puts on; it must be one that policies restrict
    Milliseconds deadline{30'000}; // of a transaction; the server's statement_timeout should come first
};

class DbSession {
public:
    DbSession(SessionOptions options, Observer &observe) : options_(std::move(options)), observe_(observe) {}

    /** Connects unless that is done. Throws DbError: 42704 without the extension, 0A000 where its version is not ours. */
    void connect();

    /** tenant: for a session with a role, whose rows the statement may see and store. Throws DbError: 28000 where the role
     * can't be put on, or is not restricted. */
    Result run(const Statement &statement, const Parameters &parameters, std::string_view tenant = {},
               std::optional<Milliseconds> deadline = {});

    /** As run, but the transaction stays open, and the server's process ours, until end, or roll_back. A connection that
     * is lost meanwhile is not made anew: end throws. */
    Result begin(const Statement &statement, const Parameters &parameters);
    Result end(const Statement &statement, const Parameters &parameters);
    void roll_back();

    /** Runs them in one transaction and takes all of it back. */
    void rehearse(std::span<const Call> calls);

    /** Whether it is connected, as far as the socket knows. */
    [[nodiscard]] bool is_usable() noexcept { return connection_ && connection_->is_usable(); }
    void disconnect() noexcept { connection_.reset(); }

private:
    Result transact(std::span<const Call> calls, Ending ending, std::string_view tenant, Milliseconds deadline);
    void require_open();
    std::string_view text_of(const Statement &statement);

    SessionOptions options_;
    Observer &observe_;
    std::optional<Connection> connection_;
    std::string schema_;                            // the extension's, quoted
    std::string identify_;                          // what each transaction says first
    std::map<std::string_view, std::string> texts_; // of statements, by name
};

} // namespace analytics::runtime
