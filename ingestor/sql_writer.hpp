/* The Writer that calls analytics_claim_partition and analytics_ingest_kafka.
 *
 * A batch is one statement, hence one transaction. When the connection is lost meanwhile, the outcome is unknown,
 * and need not be known: the statement compares and swaps (epoch, offset), so sending it again changes nothing
 * twice. If the first attempt did commit, the second one is fenced by it. The offset's row shows whether that is so:
 * under our epoch only we can have moved it to the batch's end, or further, if the batch was longer then. */
#pragma once

#include "../runtime/db_session.hpp"
#include "../runtime/observe.hpp"
#include "../runtime/setting.hpp"
#include "writer.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace analytics::ingestor {

class SqlWriter final : public Writer {
public:
    /** Connects when first used, and again after each loss of the connection. */
    SqlWriter(const runtime::Settings &settings, runtime::Observer &observe);
    SqlWriter(const SqlWriter &) = delete;
    SqlWriter &operator=(const SqlWriter &) = delete;

    std::variant<Claim, Failure> claim(const Partition &partition, std::int64_t first_offset,
                                       std::int64_t high_watermark, const KeepWaiting &keep_waiting) override;
    Receipt commit(const Partition &partition, const Claim &claim, const Batch &batch,
                   std::optional<std::int64_t> high_watermark, const KeepWaiting &keep_waiting) override;
    std::variant<std::vector<Partition>, Failure> rewound(std::span<const ClaimedPartition> claims,
                                                          const KeepWaiting &keep_waiting) override;
    std::variant<Store, Failure> store(const KeepWaiting &keep_waiting) override;
    std::variant<bool, Failure> gap_accepted(const Partition &partition, const Claim &claim,
                                             const KeepWaiting &keep_waiting) override;

    /** Claims a partition, stores a batch and rolls both back: what is wrong, or nothing. */
    [[nodiscard]] std::optional<runtime::DbError> reachability_fault();

private:
    [[nodiscard]] runtime::Parameters partition_parameters(const Partition &partition) const;
    [[nodiscard]] runtime::Parameters claim_parameters(const Partition &partition, std::int64_t first_offset,
                                                       std::int64_t high_watermark) const;
    [[nodiscard]] runtime::Parameters ingest_parameters(const Partition &partition, const Claim &claim,
                                                        const Batch &batch,
                                                        std::optional<std::int64_t> high_watermark) const;
    Receipt resolve(const Partition &partition, const Claim &claim, const Batch &batch);

    std::string group_;
    std::string owner_;                         // host:pid
    const KeepWaiting *keep_waiting_ = nullptr; // of the current call
    runtime::DbSession session_;
};

/** One for each connection that the settings ask for; each connects when first used. */
[[nodiscard]] std::vector<std::unique_ptr<Writer>> sql_writers(const runtime::Settings &settings,
                                                               runtime::Observer &observe);

} // namespace analytics::ingestor
