#include "publish_dead_letters.hpp"

#include "backoff.hpp"

#include <iterator>
#include <utility>

namespace analytics::ingestor {
namespace {

struct Outcome {
    bool found = false; // dead letters to publish
    std::string fault;  // of the database or the broker
};

/* Takes out those of which no message can be made. */
std::vector<UnpublishableDeadLetter> take_faulty(std::vector<DeadLetter> &dead_letters)
{
    std::vector<UnpublishableDeadLetter> faulty;
    for (const DeadLetter &dead_letter : dead_letters)
        if (!dead_letter.fault.empty()) faulty.push_back({dead_letter.id, dead_letter.fault});
    std::erase_if(dead_letters, [](const DeadLetter &dead_letter) { return !dead_letter.fault.empty(); });
    return faulty;
}

Outcome publish_next(DeadLetterStore &store, DeadLetterTopic &topic, const std::stop_token &stop,
                     runtime::Observer &observe)
{
    auto locked = store.lock_next();
    if (const auto *failure = std::get_if<Failure>(&locked)) return {.found = true, .fault = failure->message};
    auto &dead_letters = std::get<std::vector<DeadLetter>>(locked);
    if (dead_letters.empty()) return {};

    std::vector<UnpublishableDeadLetter> faulty = take_faulty(dead_letters);
    DeliveryReport report = dead_letters.empty() ? DeliveryReport{} : topic.send(dead_letters, stop);
    report.unpublishable.insert(report.unpublishable.end(), std::make_move_iterator(faulty.begin()),
                                std::make_move_iterator(faulty.end()));
    if (const auto failure = store.mark(report)) return {.found = true, .fault = failure->message};
    for (const auto &[id, fault] : report.unpublishable)
        observe(event::DeadLetterUnpublishable{.id = id, .message = fault});
    if (!report.published.empty())
        observe(event::DeadLettersPublished{.dead_letters = report.published.size(),
                                            .first_id = report.published.front(),
                                            .last_id = report.published.back()});
    return {.found = true, .fault = report.fault};
}

} // namespace

void publish_dead_letters(DeadLetterStore &store, DeadLetterTopic &topic, Clock &clock, const std::stop_token &stop,
                          runtime::Observer &observe, const PublishOptions &options)
{
    Backoff backoff(options.first_pause, options.longest_pause, options.seed);
    bool is_paused = false;
    while (!stop.stop_requested()) {
        const Outcome outcome = publish_next(store, topic, stop, observe);
        if (stop.stop_requested()) return;
        if (!outcome.fault.empty()) {
            if (!std::exchange(is_paused, true)) observe(event::PublishingPaused{.message = outcome.fault});
            clock.wait(clock.now() + backoff.next(), stop);
            continue;
        }
        if (std::exchange(is_paused, false)) observe(event::PublishingResumed{});
        backoff.reset();
        if (!outcome.found) clock.wait(clock.now() + options.idle_pause, stop);
    }
}

} // namespace analytics::ingestor
