#include "sql_dead_letter_store.hpp"

#include "../extension/core/text/hex.hpp"
#include "../runtime/array.hpp"
#include "sql_failure.hpp"

namespace analytics::ingestor {
namespace {

using runtime::DbError;
using runtime::Statement;

const Statement lock_dead_letters{.name = "lock_dead_letters",
                                  .sql = "SELECT id, key, value, header, header_value, fault "
                                         "FROM @extschema@._analytics_unpublished_dead_letters(500)"};

const Statement mark_dead_letters{.name = "mark_dead_letters",
                                  .sql = "SELECT @extschema@._analytics_mark_dead_letters_published("
                                         "$1::bigint[], $2::bigint[], $3::pg_catalog.text[])"};

/* Of a bytea in its hex form \x0a1b…, which each transaction sets. */
std::optional<std::string> bytes_of(std::optional<std::string_view> bytea)
{
    if (!bytea) return {};
    std::optional<std::string> bytes;
    if (bytea->starts_with("\\x")) bytes = core::bytes_of_hex(bytea->substr(2));
    if (!bytes) throw DbError("22P02", "invalid bytea in the answer");
    return bytes;
}

} // namespace

SqlDeadLetterStore::SqlDeadLetterStore(const runtime::Settings &settings, runtime::Observer &observe)
    : session_({.target = {.conninfo = settings.conninfo(),
                           .application_name = std::string(runtime::program(runtime::Daemon::ingestor)) + " publisher"},
                .settings = {{"statement_timeout", "60s"}, {"idle_in_transaction_session_timeout", "60s"}}},
               observe)
{
}

std::variant<std::vector<DeadLetter>, Failure> SqlDeadLetterStore::lock_next()
try {
    const auto answer = session_.begin(lock_dead_letters, {});
    std::vector<DeadLetter> dead_letters;
    for (int row = 0; row < answer.rows(); ++row) {
        if (dead_letters.empty() || dead_letters.back().id != answer.integer(row, 0))
            dead_letters.push_back({.id = answer.integer(row, 0),
                                    .key = std::string(answer.text(row, 1)),
                                    .value = bytes_of(answer.get(row, 2)),
                                    .headers = {},
                                    .fault = std::string(answer.get(row, 5).value_or(""))});
        if (const auto header = answer.get(row, 3))
            dead_letters.back().headers.push_back({std::string(*header), bytes_of(answer.get(row, 4))});
    }
    if (dead_letters.empty()) session_.roll_back();
    return dead_letters;
} catch (const DbError &error) {
    session_.disconnect();
    return failure_of(error);
}

std::optional<Failure> SqlDeadLetterStore::mark(const DeliveryReport &report)
try {
    runtime::ArrayWriter published(runtime::Element::int8);
    runtime::ArrayWriter faulty(runtime::Element::int8);
    runtime::ArrayWriter faults(runtime::Element::text);
    for (const std::int64_t id : report.published) published.integer(id);
    for (const auto &[id, fault] : report.unpublishable) {
        faulty.integer(id);
        faults.bytes(fault);
    }
    runtime::Parameters parameters;
    parameters.binary(published.view()).binary(faulty.view()).binary(faults.view());
    session_.end(mark_dead_letters, parameters);
    return {};
} catch (const DbError &error) {
    session_.disconnect();
    return failure_of(error);
}

} // namespace analytics::ingestor
