#include "publish_feed.hpp"

#include "../backoff.hpp"
#include "mark.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <future>
#include <utility>

namespace analytics::ingestor {
namespace {

using Answer = std::variant<FeedPage, Failure>;

/* Why a session with Kafka ended. */
struct Outcome {
    enum class Kind : std::uint8_t { again, refused, fenced, halted } kind = Kind::again;
    std::string message = {}; // empty: there is no need to wait
};

Outcome outcome_of(FeedFault fault)
{
    return {fault.is_fenced ? Outcome::Kind::fenced : Outcome::Kind::again, std::move(fault.message)};
}

/* Of a read: the position is older than what is kept, or of another history. */
bool is_lost(const Failure &failure)
{
    return failure.sqlstate == "AN002" || failure.sqlstate == "22023";
}

/* What a position says of its change, without the tick: a change of the past is after another tick in each read. */
std::string_view change_at(std::string_view position)
{
    return position.substr(std::min(position.find('.'), position.size()));
}

/* The pages of the transaction that is open. */
struct Sent {
    Time begun;
    std::size_t messages = 0;
    std::size_t bytes = 0;
};

class FeedPublishing {
public:
    FeedPublishing(const FeedClaim &claim, const FeedStore &store, FeedSource &source, FeedTopic &topic, Clock &clock,
                   const std::stop_token &stop, runtime::Observer &observe, FeedProgress &progress,
                   const PublishFeedOptions &options)
        : claim_(claim), store_(store), source_(source), topic_(topic), clock_(clock), stop_(stop), observe_(observe),
          progress_(progress), options_(options), backoff_(options.first_pause, options.longest_pause, options.seed)
    {
    }

    void operator()()
    {
        while (!stop_.stop_requested()) {
            Outcome outcome = session();
            topic_.close();
            if (stop_.stop_requested()) return;
            if (outcome.kind == Outcome::Kind::refused) outcome = after_refusal(outcome.message);
            switch (outcome.kind) {
            case Outcome::Kind::refused: // is one of the others by now
            case Outcome::Kind::fenced:
                observe_(event::FeedFenced{.feed = claim_.name, .epoch = claim_.epoch, .message = outcome.message});
                return;
            case Outcome::Kind::halted:
                progress_.halted(outcome.message);
                return;
            case Outcome::Kind::again:
                if (outcome.message.empty()) continue;
                if (!std::exchange(is_paused_, true))
                    observe_(event::FeedPaused{.feed = claim_.name, .message = outcome.message});
                clock_.wait(clock_.now() + backoff_.next(), stop_);
            }
        }
    }

private:
    /* Until a fault, or a stop. */
    Outcome session()
    {
        // An earlier publisher's transaction must not be ended before it is known that its feed is ours.
        if (auto outcome = read_mark(); outcome.kind != Outcome::Kind::again || !outcome.message.empty())
            return outcome;
        if (std::string fault = foreign_fault(committed_, claim_, store_); !fault.empty())
            return {Outcome::Kind::halted, std::move(fault)};
        if (auto fault = topic_.open()) return outcome_of(std::move(*fault));
        if (auto outcome = read_mark(); outcome.kind != Outcome::Kind::again || !outcome.message.empty())
            return outcome;
        auto reported = progress_.state().position;
        FeedStart start = start_of(committed_, claim_, reported ? reported : claim_.position);
        if (!start.fault.empty()) return {Outcome::Kind::halted, std::move(start.fault)};
        after_ = std::move(start.after);
        sent_.reset();
        is_committed_ = !start.is_first;
        committed_at_ = clock_.now();
        observe_(event::FeedClaimed{
            .feed = claim_.name, .topic = claim_.topic, .epoch = claim_.epoch, .position = after_.value_or("")});
        if (is_committed_) progress_.published(*after_);
        return publish();
    }

    Outcome read_mark()
    {
        auto answer = topic_.committed();
        if (auto *fault = std::get_if<FeedFault>(&answer)) return outcome_of(std::move(*fault));
        committed_ = std::move(std::get<std::optional<std::string>>(answer));
        return {};
    }

    Outcome publish()
    {
        std::future<Answer> next = read_next();
        for (;;) {
            const Time begun = clock_.now();
            if (auto fault = commit_before(next)) return after_fault(std::move(*fault));
            Answer answer = next.get();
            auto *page = std::get_if<FeedPage>(&answer);
            const bool is_cut = page != nullptr && cut(*page);
            const bool is_last = page == nullptr || page->empty() || is_end(page->position());
            if (page != nullptr && !page->empty()) {
                after_ = page->position();
                if (!is_last) next = read_next();
                if (auto fault = send(*page)) return after_fault(std::move(*fault));
            }
            if (is_last || is_cut || is_due()) {
                if (auto fault = commit()) return after_fault(std::move(*fault));
                if (const auto *failure = std::get_if<Failure>(&answer))
                    return {is_lost(*failure) ? Outcome::Kind::halted : Outcome::Kind::again, failure->message};
                if (std::exchange(is_alone_, false) || is_last) refused_.clear(); // it was taken, or is gone
                went_well();
            }
            if (is_last) clock_.wait(begun + claim_.every, stop_);
            if (stop_.stop_requested()) return {};
            if (is_last) next = read_next();
        }
    }

    /* A read may take long, and who consumes committed messages waits for the end of what was sent. */
    std::optional<FeedFault> commit_before(const std::future<Answer> &next)
    {
        if (!sent_) return {};
        const auto left = options_.longest_transaction - (clock_.now() - sent_->begun);
        return next.wait_for(left) == std::future_status::ready ? std::nullopt : commit();
    }

    std::future<Answer> read_next()
    {
        return std::async(std::launch::async, [this, after = after_] { return source_.read(after); });
    }

    /* A message that is refused gets a transaction of its own, so what precedes it is committed, and it is known for
     * sure that no other message is the cause. */
    bool cut(FeedPage &page)
    {
        if (refused_.empty()) return false;
        const auto found = std::ranges::find_if(page.messages, [this](const FeedMessage &message) {
            return change_at(message.position) == change_at(refused_);
        });
        if (found == page.messages.end()) return false;
        is_alone_ = found == page.messages.begin(); // pages before are committed, see is_due
        page.messages.erase(is_alone_ ? found + 1 : found, page.messages.end());
        return true;
    }

    Outcome after_fault(FeedFault fault)
    {
        const bool was_alone = std::exchange(is_alone_, false);
        if (fault.refused.empty()) return outcome_of(std::move(fault));
        const bool is_known = change_at(refused_) == change_at(fault.refused);
        refused_ = fault.refused;
        if (was_alone) return {Outcome::Kind::refused, std::move(fault.message)};
        return is_known ? outcome_of(std::move(fault)) : Outcome{};
    }

    /* The topic will never take this message. The feed goes on without it, or stops. */
    Outcome after_refusal(const std::string &message)
    {
        const auto answer = source_.skip(refused_, message);
        if (const auto *failure = std::get_if<Failure>(&answer)) return {Outcome::Kind::again, failure->message};
        const std::string position = std::exchange(refused_, {});
        if (std::get<bool>(answer)) return {};
        return {Outcome::Kind::halted,
                fmt::format("{}; put this right and call analytics_republish_feed('{}', '{}'), or leave the message "
                            "out by analytics_republish_feed('{}', '{}')",
                            message, claim_.name, progress_.state().position.value_or("beginning"), claim_.name,
                            position)};
    }

    std::optional<FeedFault> send(const FeedPage &page)
    {
        if (!sent_) sent_ = {.begun = clock_.now()};
        sent_->messages += static_cast<std::size_t>(std::ranges::count_if(
            page.messages, [](const FeedMessage &message) { return message.recipients != Recipients::none; }));
        sent_->bytes += page.bytes;
        return topic_.send(page);
    }

    /* Whether what was sent must be committed although there is more to read. */
    bool is_due() const
    {
        return is_paused_ || !refused_.empty() || stop_.stop_requested() ||
               clock_.now() - sent_->begun >= options_.longest_transaction;
    }

    bool is_due_again() const { return is_committed_ && clock_.now() - committed_at_ >= options_.commit_again; }

    std::optional<FeedFault> commit()
    {
        if (!sent_ && is_due_again()) sent_ = {.begun = clock_.now()};
        if (!sent_) return {};
        const FeedMark mark{.position = *after_,
                            .generation = claim_.generation,
                            .system = store_.system,
                            .database_oid = store_.database_oid};
        if (auto fault = topic_.commit(offset_of(*after_), text_of(mark))) return fault;
        is_committed_ = true;
        committed_at_ = clock_.now();
        progress_.published(*after_);
        const std::chrono::duration<double, std::milli> took = committed_at_ - sent_->begun;
        observe_(event::FeedPublished{.feed = claim_.name,
                                      .position = *after_,
                                      .messages = sent_->messages,
                                      .bytes = sent_->bytes,
                                      .milliseconds = took.count()});
        if (claim_.is_of_dead_letters && sent_->messages > 0)
            observe_(event::DeadLettersPublished{.feed = claim_.name, .dead_letters = sent_->messages});
        sent_.reset();
        return {};
    }

    void went_well()
    {
        backoff_.reset();
        if (std::exchange(is_paused_, false)) observe_(event::FeedResumed{.feed = claim_.name});
    }

    const FeedClaim &claim_;
    const FeedStore &store_;
    FeedSource &source_;
    FeedTopic &topic_;
    Clock &clock_;
    const std::stop_token &stop_;
    runtime::Observer &observe_;
    FeedProgress &progress_;
    const PublishFeedOptions &options_;
    Backoff backoff_;
    std::optional<std::string> committed_; // Kafka's mark
    std::optional<std::string> after_;     // what is read next follows it
    std::optional<Sent> sent_;             // and not committed
    std::string refused_;                  // the position of a message that the topic did not take
    bool is_alone_ = false;                // it is the only one of the transaction
    bool is_committed_ = false;            // after_, or a position before it
    Time committed_at_;
    bool is_paused_ = false;
};

} // namespace

void publish_feed(const FeedClaim &claim, const FeedStore &store, FeedSource &source, FeedTopic &topic, Clock &clock,
                  const std::stop_token &stop, runtime::Observer &observe, FeedProgress &progress,
                  const PublishFeedOptions &options)
{
    FeedPublishing(claim, store, source, topic, clock, stop, observe, progress, options)();
    progress.ended();
}

} // namespace analytics::ingestor
