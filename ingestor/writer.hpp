/* Batches into the database: the Writer that calls analytics_claim_partition and analytics_ingest_kafka.
 *
 * A batch is one statement, hence one transaction. When the connection is lost while it runs, nobody knows what became
 * of it, and nobody needs to: the statement compares and swaps (epoch, offset), so sending it again changes nothing
 * twice. If the first attempt did commit, the second one is fenced off by it; whether that is so is seen from the row,
 * for under our epoch only we can have moved it to where the batch ends, or further, if it was longer then. */
#pragma once

#include "../runtime/db_session.hpp"
#include "../runtime/observe.hpp"
#include "../runtime/setting.hpp"
#include "ports.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace analytics::ingestor {

class SqlWriter final : public Writer {
public:
    /** Connects when first used, and again whenever the connection was lost. */
    SqlWriter(const runtime::Settings &settings, runtime::Observer &observe);
    SqlWriter(const SqlWriter &) = delete;
    SqlWriter &operator=(const SqlWriter &) = delete;

    std::variant<Claim, Failure> take(const Partition &partition, std::int64_t first_offset,
                                      std::int64_t high_watermark, const Patience &may_wait) override;
    Receipt commit(const Partition &partition, const Claim &claim, const Batch &batch,
                   std::optional<std::int64_t> high_watermark, const Patience &may_wait) override;
    std::variant<std::vector<Partition>, Failure> rewound(std::span<const Claimed> claims,
                                                          const Patience &may_wait) override;
    std::variant<Store, Failure> store(const Patience &may_wait) override;
    std::variant<bool, Failure> gap_accepted(const Partition &partition, const Claim &claim,
                                             const Patience &may_wait) override;

    /** Whether the database would take a batch of ours: claims, stores and rolls back. What is wrong, or nothing. */
    [[nodiscard]] std::string reachability_fault();

private:
    [[nodiscard]] runtime::Parameters place(const Partition &partition) const;
    [[nodiscard]] runtime::Parameters claiming(const Partition &partition, std::int64_t first_offset,
                                               std::int64_t high_watermark) const;
    [[nodiscard]] runtime::Parameters ingesting(const Partition &partition, const Claim &claim, const Batch &batch,
                                                std::optional<std::int64_t> high_watermark) const;
    Receipt resolve(const Partition &partition, const Claim &claim, const Batch &batch);

    std::string group_;
    std::string owner_;                  // host:pid
    const Patience *may_wait_ = nullptr; // of the call at work
    runtime::DbSession session_;
};

/** As many as the settings want connections; each connects when it is first used. */
[[nodiscard]] std::vector<std::unique_ptr<Writer>> sql_writers(const runtime::Settings &settings,
                                                               runtime::Observer &observe);

} // namespace analytics::ingestor
