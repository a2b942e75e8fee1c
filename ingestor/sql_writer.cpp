#include "sql_writer.hpp"

#include "../runtime/array.hpp"
#include "batch.hpp"
#include "sql_failure.hpp"

#include <array>
#include <climits>
#include <fmt/format.h>
#include <unistd.h>

namespace analytics::ingestor {
namespace {

using runtime::DbError;
using runtime::Key;
using runtime::Statement;

constexpr const char *fenced = "AN001";

const Statement claim_partition{
    .name = "claim_partition",
    .sql = "SELECT owner_epoch, next_offset FROM @extschema@.analytics_claim_partition("
           "$1::pg_catalog.text, $2::pg_catalog.text, $3::integer, $4::pg_catalog.text, $5::bigint, $6::bigint)"};

const Statement ingest{.name = "ingest",
                       .sql =
                           "SELECT stored, duplicates, dead_lettered, skipped, refusals "
                           "FROM @extschema@.analytics_ingest_kafka("
                           "$1::pg_catalog.text, $2::pg_catalog.text, $3::integer, $4::bigint, $5::bigint, $6::bigint, "
                           "$7::pg_catalog.bytea[], $8::bigint[], $9::pg_catalog.bytea[], "
                           "$10::pg_catalog.timestamptz[], $11::pg_catalog.jsonb[], $12::bigint)"};

const Statement read_offset{
    .name = "read_offset",
    .sql = "SELECT owner_epoch, next_offset FROM @extschema@.analytics_kafka_offsets "
           "WHERE consumer_group OPERATOR(pg_catalog.=) $1::pg_catalog.text "
           "AND topic OPERATOR(pg_catalog.=) $2::pg_catalog.text AND partition OPERATOR(pg_catalog.=) $3::integer"};

/* Our claims that the database does not have as we have them: it was restored, or a promoted standby had not received
 * the newest. The call also shows the database that we own the others. */
const Statement find_rewound{
    .name = "find_rewound",
    .sql = "SELECT topic, partition FROM @extschema@._analytics_rewound_claims($1::pg_catalog.text, "
           "$2::pg_catalog.text[], $3::bigint[], $4::bigint[], $5::bigint[])"};

const Statement identify_store{
    .name = "identify_store",
    .sql = "SELECT id, system_identifier, database_oid, database FROM @extschema@.analytics_store_identity()"};

const Statement check_gap{.name = "check_gap",
                          .sql = "SELECT @extschema@._analytics_gap_accepted("
                                 "$1::pg_catalog.text, $2::pg_catalog.text, $3::integer, $4::bigint)"};

/* Of a topic that Kafka can't have. */
const Partition rehearsal{"a rehearsal", 0};

/* Longer than the statement_timeout: the server is to report itself what delays a batch, before we close the
 * connection. */
runtime::Milliseconds deadline_beyond(runtime::Milliseconds statement_timeout)
{
    return statement_timeout + statement_timeout / 4;
}

std::string owner()
{
    std::array<char, HOST_NAME_MAX + 1> host{};
    gethostname(host.data(), host.size() - 1);
    return fmt::format("{}:{}", host.data(), getpid());
}

} // namespace

SqlWriter::SqlWriter(const runtime::Settings &settings, runtime::Observer &observe)
    : group_(settings.text(Key::kafka_consumer_group)), owner_(owner()),
      session_({.target = {.conninfo = settings.conninfo(),
                           .application_name = std::string(runtime::program(runtime::Daemon::ingestor)),
                           .on_notice =
                               [&observe](const runtime::Notice &notice) {
                                   observe(event::DatabaseNotice{.severity = notice.severity,
                                                                 .sqlstate = notice.sqlstate,
                                                                 .message = notice.message});
                               },
                           .keep_waiting = [this] { return keep_waiting_ == nullptr || (*keep_waiting_)(); }},
                .settings = {{"analytics.keep_skipped", settings.text(Key::keep_skipped)},
                             {"statement_timeout", settings.text(Key::ingestor_batch_timeout_ms)}},
                .deadline = deadline_beyond(settings.milliseconds(Key::ingestor_batch_timeout_ms))},
               observe)
{
}

runtime::Parameters SqlWriter::partition_parameters(const Partition &partition) const
{
    return std::move(runtime::Parameters().text(group_).text(partition.topic).integer(partition.id));
}

runtime::Parameters SqlWriter::claim_parameters(const Partition &partition, std::int64_t first_offset,
                                                std::int64_t high_watermark) const
{
    return std::move(partition_parameters(partition).text(owner_).integer(first_offset).integer(high_watermark));
}

runtime::Parameters SqlWriter::ingest_parameters(const Partition &partition, const Claim &claim, const Batch &batch,
                                                 std::optional<std::int64_t> high_watermark) const
{
    runtime::Parameters parameters = partition_parameters(partition);
    parameters.integer(claim.epoch).integer(claim.next_offset).integer(batch.next_offset());
    parameters.binary(batch.values()).binary(batch.offsets());
    parameters.binary(batch.keys()).binary(batch.timestamps()).binary(batch.headers());
    return std::move(parameters.integer(high_watermark));
}

std::variant<Claim, Failure> SqlWriter::claim(const Partition &partition, std::int64_t first_offset,
                                              std::int64_t high_watermark, const KeepWaiting &keep_waiting)
try {
    keep_waiting_ = &keep_waiting;
    const auto answer = session_.run(claim_partition, claim_parameters(partition, first_offset, high_watermark));
    return Claim{answer.integer(0, 0), answer.integer(0, 1)};
} catch (const DbError &error) {
    return failure_of(error);
}

Receipt SqlWriter::commit(const Partition &partition, const Claim &claim, const Batch &batch,
                          std::optional<std::int64_t> high_watermark, const KeepWaiting &keep_waiting)
try {
    keep_waiting_ = &keep_waiting;
    try {
        const auto answer = session_.run(ingest, ingest_parameters(partition, claim, batch, high_watermark));
        return Committed{.stored = answer.integer(0, 0),
                         .duplicates = answer.integer(0, 1),
                         .dead_lettered = answer.integer(0, 2),
                         .skipped = answer.integer(0, 3),
                         .refusals = std::string(answer.get(0, 4).value_or("")),
                         .counts_known = true};
    } catch (const DbError &error) {
        if (error.sqlstate() != fenced) throw;
        return resolve(partition, claim, batch);
    }
} catch (const DbError &error) {
    return failure_of(error);
}

/* Another ingestor fenced the batch, or an earlier attempt of ours did. */
Receipt SqlWriter::resolve(const Partition &partition, const Claim &claim, const Batch &batch)
{
    const auto row = session_.run(read_offset, partition_parameters(partition));
    const bool is_ours =
        row.rows() == 1 && row.integer(0, 0) == claim.epoch && row.integer(0, 1) >= batch.next_offset();
    if (is_ours) return Committed{.refusals = {}, .counts_known = false, .next_offset = row.integer(0, 1)};
    return Fenced{};
}

std::variant<std::vector<Partition>, Failure> SqlWriter::rewound(std::span<const ClaimedPartition> claims,
                                                                 const KeepWaiting &keep_waiting)
try {
    keep_waiting_ = &keep_waiting;
    runtime::ArrayWriter topics(runtime::Element::text);
    runtime::ArrayWriter partitions(runtime::Element::int8);
    runtime::ArrayWriter epochs(runtime::Element::int8);
    runtime::ArrayWriter offsets(runtime::Element::int8);
    for (const auto &[partition, claim, is_settled] : claims) {
        topics.bytes(partition.topic);
        partitions.integer(partition.id);
        epochs.integer(claim.epoch);
        if (is_settled)
            offsets.integer(claim.next_offset);
        else
            offsets.null();
    }
    runtime::Parameters parameters;
    parameters.text(group_).binary(topics.view()).binary(partitions.view());
    parameters.binary(epochs.view()).binary(offsets.view());
    const auto answer = session_.run(find_rewound, parameters);
    std::vector<Partition> found;
    found.reserve(static_cast<std::size_t>(answer.rows()));
    for (int row = 0; row < answer.rows(); ++row)
        found.push_back({std::string(answer.text(row, 0)), static_cast<std::int32_t>(answer.integer(row, 1))});
    return found;
} catch (const DbError &error) {
    return failure_of(error);
}

std::variant<Store, Failure> SqlWriter::store(const KeepWaiting &keep_waiting)
try {
    keep_waiting_ = &keep_waiting;
    const auto answer = session_.run(identify_store, {});
    return Store{.id = std::string(answer.text(0, 0)),
                 .system = std::string(answer.text(0, 1)),
                 .database_oid = std::string(answer.text(0, 2)),
                 .database = std::string(answer.text(0, 3))};
} catch (const DbError &error) {
    return failure_of(error);
}

std::variant<bool, Failure> SqlWriter::gap_accepted(const Partition &partition, const Claim &claim,
                                                    const KeepWaiting &keep_waiting)
try {
    keep_waiting_ = &keep_waiting;
    return session_.run(check_gap, partition_parameters(partition).integer(claim.epoch)).is_true(0, 0);
} catch (const DbError &error) {
    return failure_of(error);
}

std::optional<runtime::DbError> SqlWriter::reachability_fault()
try {
    const Claim first{.epoch = 1, .next_offset = 0}; // of a partition that nobody has claimed before
    Batch batch;
    batch.add({.partition = rehearsal, .value = R"({"eventType":"e","source":"s","eventId":"1","payload":{}})"},
              Time());
    batch.add({.partition = rehearsal, .offset = 1, .value = "neither JSON nor an event"}, Time());
    const auto to_claim = claim_parameters(rehearsal, 0, 0);
    const auto to_ingest = ingest_parameters(rehearsal, first, batch, {});
    session_.rehearse({{{claim_partition, to_claim}, {ingest, to_ingest}}});
    return {};
} catch (const DbError &error) {
    return error;
}

std::vector<std::unique_ptr<Writer>> sql_writers(const runtime::Settings &settings, runtime::Observer &observe)
{
    std::vector<std::unique_ptr<Writer>> writers;
    for (std::int64_t i = 0; i < settings.integer(Key::ingestor_database_connections); ++i)
        writers.push_back(std::make_unique<SqlWriter>(settings, observe));
    return writers;
}

} // namespace analytics::ingestor
