#include "dead_letter_publisher.hpp"

#include "kafka_dead_letter_topic.hpp"
#include "publish_dead_letters.hpp"
#include "sql_dead_letter_store.hpp"

#include <exception>
#include <random>
#include <thread>

namespace analytics::ingestor {

using runtime::Key;

struct DeadLetterPublisher::Parts {
    Parts(const runtime::Settings &settings, runtime::Observer &observer)
        : observe(observer), store(settings, observer), topic(settings),
          thread([this](const std::stop_token &stop) { run(stop); })
    {
    }

    void run(const std::stop_token &stop)
    try {
        publish_dead_letters(store, topic, clock, stop, observe, {.seed = std::random_device()()});
    } catch (const std::exception &error) { // must not stop the reading of events
        observe(event::PublishingPaused{.message = error.what()});
    }

    runtime::Observer &observe;
    SteadyClock clock;
    SqlDeadLetterStore store;
    KafkaDeadLetterTopic topic;
    std::jthread thread; // last: it uses the others
};

DeadLetterPublisher::DeadLetterPublisher(const runtime::Settings &settings, runtime::Observer &observe)
{
    if (!settings.text(Key::kafka_dlq_topic).empty()) parts_ = std::make_unique<Parts>(settings, observe);
}

DeadLetterPublisher::~DeadLetterPublisher() = default;

} // namespace analytics::ingestor
