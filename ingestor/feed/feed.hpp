/* A feed on its way to its topic, and the interfaces of both ends. SqlFeedSource and KafkaFeedTopic implement them;
 * tests use fakes. Nothing here knows what a message is about: SQL says what is sent, who gets it, and after
 * which position one goes on. */
#pragma once

#include "../writer.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace analytics::ingestor {

/** Which database publishes. A copy of it has the same id. */
struct FeedStore {
    std::string id;
    std::string system;       // identifier of the cluster
    std::string database_oid; // in that cluster
};

/** A feed that this process publishes until another one claims it. */
struct FeedClaim {
    std::string name;
    std::string topic;
    std::int64_t epoch = 0;
    std::int64_t generation = 0;              // of the messages: a position of another one is not continued
    std::optional<std::string> begin_at = {}; // where the generation begins; nothing: as the feed says
    bool takes_over = false;                  // although another database has published it
    std::optional<std::string> position = {}; // that was reported last
    std::chrono::milliseconds every{1'000};
    std::string fault = {}; // why it has stopped; empty: it has not
    bool is_of_dead_letters = false;

    bool operator==(const FeedClaim &) const = default;
};

enum class Recipients : std::uint8_t { none, key, all };

struct FeedHeader {
    std::string_view name;
    std::string_view value; // without bytes: null
};

struct FeedMessage {
    std::string_view position; // behind it
    Recipients recipients = Recipients::none;
    std::optional<std::string_view> key;
    std::optional<std::string_view> value;
    std::span<const FeedHeader> headers;
};

/** Messages in order. Their texts live as long as the page. */
struct FeedPage {
    std::vector<FeedMessage> messages;
    std::vector<FeedHeader> headers;
    std::shared_ptr<const void> memory;
    std::size_t bytes = 0;

    [[nodiscard]] bool empty() const noexcept { return messages.empty(); }
    /** After which one goes on; not of an empty page. */
    [[nodiscard]] std::string_view position() const noexcept { return messages.back().position; }
};

class FeedSource {
public:
    virtual ~FeedSource() = default;

    /** The messages after a position; none: there is nothing new. One call at a time, from any thread. */
    virtual std::variant<FeedPage, Failure> read(const std::optional<std::string> &after) = 0;

    /** Leaves out a message that the topic never takes, from the next read on; false: the feed must not lose it.
     * Not while a read is under way. */
    virtual std::variant<bool, Failure> skip(std::string_view position, std::string_view why)
    {
        static_cast<void>(position);
        static_cast<void>(why);
        return false;
    }
};

/** Fenced: another producer has the feed. Otherwise the same may succeed later, unless a message is refused. */
struct FeedFault {
    bool is_fenced = false;
    std::string message;
    std::string refused = {}; // the position of a message that the topic never takes, perhaps because of others beside
};

class FeedTopic {
public:
    virtual ~FeedTopic() = default;

    /** What the last committed transaction has committed beside its messages; nothing: there was none. Only once open
     * has ended the transaction of an earlier producer, it is what counts. */
    virtual std::variant<std::optional<std::string>, FeedFault> committed() = 0;
    /** Fences every earlier producer of the feed. */
    virtual std::optional<FeedFault> open() = 0;
    /** Hands a page over, which is sent meanwhile, in the transaction that is open, or in a new one. */
    virtual std::optional<FeedFault> send(const FeedPage &page) = 0;
    /** Commits what was sent since the last commit with this offset and text, all or nothing. After a fault nobody
     * knows which of them it was: close, open, and read what is committed. */
    virtual std::optional<FeedFault> commit(std::int64_t offset, const std::string &text) = 0;
    /** Forgets what was not committed. */
    virtual void close() = 0;
};

} // namespace analytics::ingestor
