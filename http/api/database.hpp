/* The database as the routes see it: one statement, its parameters, its rows. A pool is one; a test has another. */
#pragma once

#include "../../runtime/db_session.hpp"

#include <string_view>

namespace analytics::http {

using runtime::Statement;

class Database {
public:
    Database() = default;
    virtual ~Database() = default;
    Database(const Database &) = delete;
    Database &operator=(const Database &) = delete;

    /** worker: whose session runs it; two workers may call at once. tenant: whose events alone the statement may see
     * and store, as the database enforces; empty: anybody's. Throws runtime::DbError. */
    virtual runtime::Result run(std::size_t worker, const Statement &statement, const runtime::Parameters &parameters,
                                std::string_view tenant) = 0;
};

} // namespace analytics::http
