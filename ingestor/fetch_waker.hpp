/* Keeps librdkafka fetching. Versions before 2.2 check only once a second whether a queue that was full has room
 * again, and the loop may empty the queue in a fifth of that: it would wait most of the time. (Later versions have
 * fetch.queue.backoff.ms for it.) Any request to a partition's broker wakes the thread that checks. So each time a
 * quarter of the queue has been taken, the broker is asked for a partition's end, and nobody waits for the answer. */
#pragma once

#include <cstddef>
#include <librdkafka/rdkafka.h>

namespace analytics::ingestor {

class FetchWaker {
public:
    explicit FetchWaker(rd_kafka_t *kafka);

    /** The message was taken from the queue. */
    void took(const rd_kafka_message_t &message);

private:
    rd_kafka_t *kafka_;
    std::size_t quarter_messages_;
    std::size_t quarter_bytes_;
    std::size_t messages_ = 0;
    std::size_t bytes_ = 0;
};

} // namespace analytics::ingestor
