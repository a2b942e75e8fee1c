/* Dead letters on their way into the dead-letter topic, and the interfaces of both ends. SqlDeadLetterStore and
 * KafkaDeadLetterTopic implement them; tests use fakes. */
#pragma once

#include "writer.hpp"

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

namespace analytics::ingestor {

struct DeadLetterHeader {
    std::string name;
    std::optional<std::string> value;
};

struct DeadLetter {
    std::int64_t id = 0;
    std::string key;
    std::optional<std::string> value;
    std::vector<DeadLetterHeader> headers;
    std::string fault = {}; // why no message can be made of it; empty: one can
};

struct UnpublishableDeadLetter {
    std::int64_t id = 0;
    std::string fault;
};

/** The outcome for dead letters that were sent. Those in neither list must be sent again, because of the fault. */
struct DeliveryReport {
    std::vector<std::int64_t> published;
    std::vector<UnpublishableDeadLetter> unpublishable;
    std::string fault;
};

class DeadLetterStore {
public:
    virtual ~DeadLetterStore() = default;

    /** The next dead letters, locked until mark. None: there are none, or another publisher has the lock. */
    virtual std::variant<std::vector<DeadLetter>, Failure> lock_next() = 0;
    /** Stores the outcome and ends the lock. */
    virtual std::optional<Failure> mark(const DeliveryReport &report) = 0;
};

class DeadLetterTopic {
public:
    virtual ~DeadLetterTopic() = default;

    /** Returns when the outcome of each is known, within some 20 s; soon after a stop is requested. */
    virtual DeliveryReport send(std::span<const DeadLetter> dead_letters, const std::stop_token &stop) = 0;
};

} // namespace analytics::ingestor
