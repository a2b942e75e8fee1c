#include "publish.hpp"

#include "../runtime/backoff.hpp"

#include <iterator>
#include <utility>

namespace analytics::ingestor {
namespace {

using runtime::Event;

struct Outcome {
    bool found = false; // letters to publish
    std::string fault;  // of the database or the broker
};

/* Takes those out of which no message can be made. */
std::vector<Unpublishable> without_the_faulty(std::vector<Letter> &letters)
{
    std::vector<Unpublishable> faulty;
    for (const Letter &letter : letters)
        if (!letter.fault.empty()) faulty.push_back({letter.id, letter.fault});
    std::erase_if(letters, [](const Letter &letter) { return !letter.fault.empty(); });
    return faulty;
}

Outcome publish_some(LetterStore &store, LetterTopic &topic, const std::stop_token &stop, runtime::Observer &observe)
{
    auto taken = store.take();
    if (const auto *failure = std::get_if<Failure>(&taken)) return {.found = true, .fault = failure->message};
    auto &letters = std::get<std::vector<Letter>>(taken);
    if (letters.empty()) return {};

    std::vector<Unpublishable> faulty = without_the_faulty(letters);
    Fates fates = letters.empty() ? Fates{} : topic.send(letters, stop);
    fates.unpublishable.insert(fates.unpublishable.end(), std::make_move_iterator(faulty.begin()),
                               std::make_move_iterator(faulty.end()));
    if (const auto failure = store.settle(fates)) return {.found = true, .fault = failure->message};
    for (const auto &[id, fault] : fates.unpublishable)
        observe(Event::dead_letter_unpublishable, {{"letter", id}, {"message", fault}});
    if (!fates.published.empty())
        observe(Event::dead_letters_published, {{"letters", fates.published.size()},
                                                {"first_letter", fates.published.front()},
                                                {"last_letter", fates.published.back()}});
    return {.found = true, .fault = fates.fault};
}

} // namespace

void publish(LetterStore &store, LetterTopic &topic, Clock &clock, const std::stop_token &stop,
             runtime::Observer &observe, const PublishOptions &options)
{
    runtime::Backoff backoff(options.first_pause, options.longest_pause, options.seed);
    bool is_paused = false;
    while (!stop.stop_requested()) {
        const Outcome outcome = publish_some(store, topic, stop, observe);
        if (stop.stop_requested()) return;
        if (!outcome.fault.empty()) {
            if (!std::exchange(is_paused, true)) observe(Event::publishing_paused, {{"message", outcome.fault}});
            clock.wait(clock.now() + backoff.next(), stop);
            continue;
        }
        if (std::exchange(is_paused, false)) observe(Event::publishing_resumed);
        backoff.reset();
        if (!outcome.found) clock.wait(clock.now() + options.idle_pause, stop);
    }
}

} // namespace analytics::ingestor
