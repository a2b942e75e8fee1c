#include "fetch_waker.hpp"

#include "kafka_conf.hpp"

namespace analytics::ingestor {
namespace {

constexpr std::size_t quarters = 4;
constexpr std::size_t kilobyte = 1024;
constexpr int timeout_ms = 1; // the least: the answer is not used

std::size_t number(rd_kafka_t *kafka, const char *property)
{
    return static_cast<std::size_t>(kafka_number(kafka, property));
}

} // namespace

FetchWaker::FetchWaker(rd_kafka_t *kafka)
    : kafka_(kafka), quarter_messages_(number(kafka, "queued.min.messages") / quarters),
      quarter_bytes_(number(kafka, "queued.max.messages.kbytes") * kilobyte / quarters)
{
}

void FetchWaker::took(const rd_kafka_message_t &message)
{
    messages_ += 1;
    bytes_ += message.len;
    if (messages_ < quarter_messages_ && bytes_ < quarter_bytes_) return;
    messages_ = bytes_ = 0;
    const List list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), rd_kafka_topic_name(message.rkt), message.partition)->offset =
        RD_KAFKA_OFFSET_END;
    rd_kafka_offsets_for_times(kafka_, list.get(), timeout_ms);
}

} // namespace analytics::ingestor
