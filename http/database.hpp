/* The database as the routes see it: one statement, its parameters, its rows. The pool is one; a test has another. */
#pragma once

#include "../runtime/db_session.hpp"

#include <string_view>

namespace analytics::http {

using runtime::Statement;

class Database {
public:
    Database() = default;
    virtual ~Database() = default;
    Database(const Database &) = delete;
    Database &operator=(const Database &) = delete;

    /** tenant: whose events alone the statement may see and store, as the database enforces; empty: anybody's. Throws
     * runtime::DbError. Safe to call from many threads at once. */
    virtual runtime::Result run(const Statement &statement, const runtime::Parameters &parameters,
                                std::string_view tenant) = 0;
};

} // namespace analytics::http
