/* KafkaConsumer's side of the consumer group: the offsets that we mirror there, and the other members. */
#include "kafka_consumer.hpp"

#include <cstring>

namespace analytics::ingestor {
namespace {

using EventHandle = std::unique_ptr<rd_kafka_event_t, Freed<rd_kafka_event_destroy>>;
using Groups = std::unique_ptr<const struct rd_kafka_group_list, Freed<rd_kafka_group_list_destroy>>;
using Metadata = std::unique_ptr<const struct rd_kafka_metadata, Freed<rd_kafka_metadata_destroy>>;

void free_member_id(char *id) noexcept
{
    rd_kafka_mem_free(nullptr, id);
}

List list_with(std::span<const StartOffset> offsets, const std::string &metadata)
{
    List list = list_of(offsets);
    for (int i = 0; !metadata.empty() && i < list->cnt; ++i) {
        list->elems[i].metadata = strdup(metadata.c_str()); // the list frees it
        list->elems[i].metadata_size = metadata.size();
    }
    return list;
}

} // namespace

void KafkaConsumer::mark_done(const Partition &partition, std::int64_t next_offset)
{
    const StartOffset done{partition, next_offset};
    rd_kafka_commit(kafka_, list_with({&done, 1}, metadata_).get(), 1);
}

bool KafkaConsumer::commit(std::span<const StartOffset> offsets)
{
    const Queue queue(rd_kafka_queue_new(kafka_));
    const List list = list_with(offsets, metadata_);
    if (rd_kafka_commit_queue(kafka_, list.get(), queue.get(), nullptr, nullptr) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    const EventHandle answer(rd_kafka_queue_poll(queue.get(), kafka_query_timeout_ms));
    return answer && rd_kafka_event_error(answer.get()) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void KafkaConsumer::set_offset_metadata(const std::string &metadata)
{
    metadata_ = metadata;
}

/* ListConsumerGroupOffsets would be one request. But librdkafka aborts the process when a connection breaks during a
 * request of the Admin API to the group's coordinator (librdkafka issue 4605). */
std::optional<std::vector<GroupOffset>> KafkaConsumer::group_offsets()
{
    const List list = all_partitions();
    if (!list) return {};
    if (const auto error = rd_kafka_committed(kafka_, list.get(), kafka_query_timeout_ms);
        error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        notice(rd_kafka_err2str(error));
        return {};
    }
    std::vector<GroupOffset> found;
    for (int i = 0; i < list->cnt; ++i) {
        const auto &one = list->elems[i];
        if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            notice(rd_kafka_err2str(one.err));
            return {};
        }
        if (one.offset < 0) continue;
        found.push_back({{one.topic, one.partition},
                         one.offset,
                         std::string(kafka_bytes(one.metadata, one.metadata_size).value_or(""))});
    }
    return found;
}

List KafkaConsumer::all_partitions()
{
    const struct rd_kafka_metadata *answer = nullptr;
    const auto error = rd_kafka_metadata(kafka_, 1, nullptr, &answer, kafka_query_timeout_ms);
    const Metadata metadata(answer);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        notice(rd_kafka_err2str(error));
        return {};
    }
    List list(rd_kafka_topic_partition_list_new(metadata->topic_cnt));
    for (const auto &topic : std::span(metadata->topics, static_cast<std::size_t>(metadata->topic_cnt)))
        if (topic.partition_cnt > 0)
            rd_kafka_topic_partition_list_add_range(list.get(), topic.topic, 0, topic.partition_cnt - 1);
    return list;
}

std::optional<OtherMembers> KafkaConsumer::other_members()
{
    const struct rd_kafka_group_list *list = nullptr;
    const auto error = rd_kafka_list_groups(kafka_, group_.c_str(), &list, kafka_query_timeout_ms);
    const Groups groups(list);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR || list->group_cnt != 1) return {};

    const std::unique_ptr<char, Freed<free_member_id>> own(rd_kafka_memberid(kafka_));
    OtherMembers others{list->groups[0].state, {}, Milliseconds(kafka_number(kafka_, "session.timeout.ms"))};
    for (int i = 0; i < list->groups[0].member_cnt; ++i) {
        const auto &member = list->groups[0].members[i];
        if (own && std::string_view(member.member_id) == own.get()) continue;
        others.members.push_back(std::string(member.member_id) + " at " + member.client_host);
    }
    return others;
}

void KafkaConsumer::rejoin()
{
    rd_kafka_unsubscribe(kafka_);
    subscribe();
}

} // namespace analytics::ingestor
