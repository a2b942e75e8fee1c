/* What publishing a feed and checking it need of Kafka alike. Only for files that use librdkafka themselves. */
#pragma once

#include "../kafka_conf.hpp"
#include "feed.hpp"

#include <variant>

namespace analytics::ingestor {

using Error = std::unique_ptr<rd_kafka_error_t, Freed<rd_kafka_error_destroy>>;
using GroupMetadata =
    std::unique_ptr<rd_kafka_consumer_group_metadata_t, Freed<rd_kafka_consumer_group_metadata_destroy>>;

/** A client that has joined no group ends at once. */
struct DestroyReader {
    void operator()(rd_kafka_t *kafka) const noexcept
    {
        rd_kafka_destroy_flags(kafka, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
};
using Reader = std::unique_ptr<rd_kafka_t, DestroyReader>;

/** The transactional id and group of a feed. */
[[nodiscard]] std::string kafka_id_of(const FeedStore &store, std::string_view feed);

/** The partition whose offset a feed's position is. */
[[nodiscard]] List position_of(const std::string &topic);

/** How many partitions a topic has, or why that is unknown. */
[[nodiscard]] std::variant<int, std::string> partitions_of(rd_kafka_t *client, const std::string &topic,
                                                           int timeout_ms);

} // namespace analytics::ingestor
