/* The DeadLetterStore that calls _analytics_unpublished_dead_letters and _analytics_mark_dead_letters_published. The
 * transaction stays open while the broker is waited for. If this process is frozen meanwhile (SIGSTOP), the server
 * ends the transaction after a minute, and another publisher takes over. */
#pragma once

#include "../runtime/db_session.hpp"
#include "../runtime/setting.hpp"
#include "dead_letter.hpp"

namespace analytics::ingestor {

class SqlDeadLetterStore final : public DeadLetterStore {
public:
    /** Connects when first used, and again after each loss of the connection. */
    SqlDeadLetterStore(const runtime::Settings &settings, runtime::Observer &observe);

    std::variant<std::vector<DeadLetter>, Failure> lock_next() override;
    std::optional<Failure> mark(const DeliveryReport &report) override;

private:
    runtime::DbSession session_;
};

} // namespace analytics::ingestor
