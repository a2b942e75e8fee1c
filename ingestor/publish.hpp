/* The copying of dead letters into their companion topic, beside the loop that reads events and never in its way: on a
 * thread, a connection and a producer of its own.
 *
 * Take some letters, hand them to Kafka, await the broker's word, mark them, in one transaction of the database: what
 * crashes between is taken again, so the topic has every letter at least once. Order is that of the letters' ids; one
 * publisher of all ingestors is at work at a time, which the database sees to. A broker that is away, or a database,
 * is waited for with growing pauses; told once, not at each attempt. A letter that the broker will never take is marked
 * as that and holds up no other. Memory is bounded by what the database hands out at once (4 MiB and a letter). */
#pragma once

#include "../runtime/observe.hpp"
#include "ports.hpp"

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

namespace analytics::ingestor {

struct LetterHeader {
    std::string name;
    std::optional<std::string> value;
};

struct Letter {
    std::int64_t id = 0;
    std::string key;
    std::optional<std::string> value;
    std::vector<LetterHeader> headers;
    std::string fault = {}; // why no message can be made of it; empty: it can
};

struct Unpublishable {
    std::int64_t id = 0;
    std::string fault;
};

/** What became of letters that were sent. Those in neither list are to be sent again, for the sake of fault. */
struct Fates {
    std::vector<std::int64_t> published;
    std::vector<Unpublishable> unpublishable;
    std::string fault;
};

class LetterStore {
public:
    virtual ~LetterStore() = default;

    /** The next letters, ours until settle; none: there is nothing to do, or another publisher is at it. */
    virtual std::variant<std::vector<Letter>, Failure> take() = 0;
    /** Ends what take began. */
    virtual std::optional<Failure> settle(const Fates &fates) = 0;
};

class LetterTopic {
public:
    virtual ~LetterTopic() = default;

    /** Returns when each has met its fate, or can't within some 20 s; soon after a stop is asked for. */
    virtual Fates send(std::span<const Letter> letters, const std::stop_token &stop) = 0;
};

struct PublishOptions {
    Milliseconds idle_pause{1'000}; // before looking again when there was nothing
    Milliseconds first_pause{200};
    Milliseconds longest_pause{10'000};
    std::uint64_t seed = 0; // of the pauses' jitter
};

/** Until a stop is asked for. */
void publish(LetterStore &store, LetterTopic &topic, Clock &clock, const std::stop_token &stop,
             runtime::Observer &observe, const PublishOptions &options);

} // namespace analytics::ingestor
