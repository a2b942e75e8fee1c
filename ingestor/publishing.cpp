#include "publishing.hpp"

#include "letter_store.hpp"
#include "publisher.hpp"
#include "steady_clock.hpp"

#include <exception>
#include <random>
#include <thread>

namespace analytics::ingestor {

using runtime::Event;
using runtime::Key;

struct Publishing::Work {
    Work(const runtime::Settings &settings, runtime::Observer &observer)
        : observe(observer), store(settings, observer), topic(settings),
          thread([this](const std::stop_token &stop) { publish_until(stop); })
    {
    }

    void publish_until(const std::stop_token &stop)
    try {
        publish(store, topic, clock, stop, observe, {.seed = std::random_device()()});
    } catch (const std::exception &error) { // a fault of the copying is none of the events'
        observe(Event::publishing_paused, {{"message", error.what()}});
    }

    runtime::Observer &observe;
    SteadyClock clock;
    SqlLetterStore store;
    KafkaLetterTopic topic;
    std::jthread thread; // last: it uses the others
};

Publishing::Publishing(const runtime::Settings &settings, runtime::Observer &observe)
{
    if (!settings.text(Key::kafka_dlq_topic).empty()) work_ = std::make_unique<Work>(settings, observe);
}

Publishing::~Publishing() = default;

} // namespace analytics::ingestor
