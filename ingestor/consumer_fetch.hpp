/* Keeps librdkafka fetching. Versions before 2.2 look only once a second whether a queue that was full may take more
 * again, and what it holds may be taken in a fifth of that: the loop would wait most of the time. (Later versions have
 * fetch.queue.backoff.ms for it.) Whatever is sent to a partition's broker wakes the thread that looks; so each time a
 * quarter of the queue has been taken, the broker is asked for a partition's end, and the answer is not waited for. */
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
