/* Dead letters out of the database: the LetterStore that calls analytics_unpublished_dead_letters and
 * analytics_mark_dead_letters_published. The transaction stays open while Kafka is waited for; should we be stopped
 * dead meanwhile (SIGSTOP), the server ends it after a minute, and another publisher takes over. */
#pragma once

#include "../runtime/db.hpp"
#include "../runtime/setting.hpp"
#include "publish.hpp"

#include <optional>

namespace analytics::ingestor {

class SqlLetterStore final : public LetterStore {
public:
    /** Connects when first used, and again whenever the connection was lost. */
    explicit SqlLetterStore(const runtime::Settings &settings);

    std::variant<std::vector<Letter>, Failure> take() override;
    std::optional<Failure> settle(const Fates &fates) override;

private:
    runtime::Connection &connected();

    runtime::Target target_;
    std::optional<runtime::Connection> connection_;
};

} // namespace analytics::ingestor
