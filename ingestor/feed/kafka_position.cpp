#include "kafka_position.hpp"

#include <fmt/format.h>

namespace analytics::ingestor {
namespace {

using Metadata = std::unique_ptr<const struct rd_kafka_metadata, Freed<rd_kafka_metadata_destroy>>;
using Topic = std::unique_ptr<rd_kafka_topic_t, Freed<rd_kafka_topic_destroy>>;

} // namespace

std::string kafka_id_of(const FeedStore &store, std::string_view feed)
{
    return fmt::format("analytics-feed-{}-{}", store.id, feed);
}

List position_of(const std::string &topic)
{
    List list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0);
    return list;
}

std::variant<int, std::string> partitions_of(rd_kafka_t *client, const std::string &topic, int timeout_ms)
{
    const Topic handle(rd_kafka_topic_new(client, topic.c_str(), nullptr));
    const struct rd_kafka_metadata *found = nullptr;
    auto error = rd_kafka_metadata(client, 0, handle.get(), &found, timeout_ms);
    const Metadata owner(found);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && found->topic_cnt == 1) error = found->topics[0].err;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return fmt::format("topic \"{}\": {}", topic, rd_kafka_err2str(error));
    return found->topics[0].partition_cnt;
}

} // namespace analytics::ingestor
