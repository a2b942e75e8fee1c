/* What the statements that are running have changed and not written yet: one StatementDelta for each subtransaction.
 * See maintainer.hpp for when it is opened and closed. */
#pragma once

#include "maintainer.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/relcache.h"
}

namespace analytics::pg {

/** They form a list, the innermost first. The destructor takes one out of it. */
class StatementDelta {
public:
    StatementDelta(MemoryContext context, Maintainers *maintainers, SubTransactionId subtransaction) noexcept;
    ~StatementDelta();
    StatementDelta(const StatementDelta &) = delete;
    StatementDelta &operator=(const StatementDelta &) = delete;

    /** The one of the current subtransaction, or nullptr. */
    static StatementDelta *here();

    /** Whether a statement of this session is changing events: its rows may be visible, but its bags are not
     * written. */
    [[nodiscard]] static bool is_any_open() noexcept { return innermost != nullptr; }

    static StatementDelta *open(const ExtensionSchema &schema, std::span<const MakeMaintainer> kinds);

    [[nodiscard]] Maintainers &maintainers() noexcept { return *maintainers_; }

    void statement_begins() noexcept { ++statements_; }
    /** Writes; may delete this object. */
    void statement_ends();

private:
    static inline StatementDelta *innermost = nullptr;

    MemoryContext context_;
    Maintainers *maintainers_;
    SubTransactionId subtransaction_;
    StatementDelta *outer_;
    int statements_ = 0; // that have begun
};

/** The statement's maintainers, if calling them is all that the partition's triggers do after a row was inserted; else
 * nullptr. Then they may be called directly, which spares fetching each row again. */
Maintainers *sole_maintainers(const ExtensionSchema &schema, Relation partition);

} // namespace analytics::pg
