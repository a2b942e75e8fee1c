/* Dead letters out of the database: the LetterStore that calls _analytics_unpublished_dead_letters and
 * _analytics_mark_dead_letters_published. The transaction stays open while Kafka is waited for; should we be stopped
 * dead meanwhile (SIGSTOP), the server ends it after a minute, and another publisher takes over. */
#pragma once

#include "../runtime/db_session.hpp"
#include "../runtime/setting.hpp"
#include "publish.hpp"

namespace analytics::ingestor {

class SqlLetterStore final : public LetterStore {
public:
    /** Connects when first used, and again whenever the connection was lost. */
    SqlLetterStore(const runtime::Settings &settings, runtime::Observer &observe);

    std::variant<std::vector<Letter>, Failure> take() override;
    std::optional<Failure> settle(const Fates &fates) override;

private:
    runtime::DbSession session_;
};

} // namespace analytics::ingestor
