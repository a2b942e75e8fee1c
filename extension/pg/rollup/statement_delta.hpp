/* What the statements that are running have changed and not written yet: one StatementDelta for each subtransaction,
 * and for each kind of table whose rows are counted. See maintainer.hpp for when it is opened and closed.
 *
 * Counter gathers what the rows' triggers report, and writes it at the statement's end: Maintainers for the events,
 * their like for the dead letters. */
#pragma once

#include "../border/owned.hpp"
#include "maintainer.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/relcache.h"
}

#include <utility>

namespace analytics::pg {

/** They form a list for each kind, the innermost first. The destructor takes one out of it. */
template <class Counter> class StatementDelta {
public:
    StatementDelta(MemoryContext context, Counter *counter, SubTransactionId subtransaction) noexcept
        : context_(context), counter_(counter), subtransaction_(subtransaction), outer_(std::exchange(innermost, this))
    {
    }

    ~StatementDelta()
    {
        StatementDelta **link = &innermost;
        while (*link != this) link = &(*link)->outer_;
        *link = outer_;
    }

    StatementDelta(const StatementDelta &) = delete;
    StatementDelta &operator=(const StatementDelta &) = delete;

    /** The one of the current subtransaction, or nullptr. */
    static StatementDelta *here()
    {
        const SubTransactionId current = GetCurrentSubTransactionId();
        StatementDelta *delta = innermost;
        while (delta != nullptr && delta->subtransaction_ != current) delta = delta->outer_;
        return delta;
    }

    /** Whether a statement of this session is changing rows: they may be visible, but their counts are not written. */
    [[nodiscard]] static bool is_any_open() noexcept { return innermost != nullptr; }

    /** make(context) makes the counter, which the context owns. */
    template <class Make> static StatementDelta *open(Make make)
    {
        const MemoryContext context =
            AllocSetContextCreate(CurTransactionContext, "analytics statement delta", ALLOCSET_DEFAULT_SIZES);
        Counter *const counter = make(context);
        return make_owned<StatementDelta>(context, context, counter, GetCurrentSubTransactionId());
    }

    [[nodiscard]] Counter &counter() noexcept { return *counter_; }

    void statement_begins() noexcept { ++statements_; }

    /** Writes; may delete this object. */
    void statement_ends()
    {
        counter_->write();
        if (--statements_ <= 0) MemoryContextDelete(context_); // and with it this
    }

private:
    static inline StatementDelta *innermost = nullptr;

    MemoryContext context_;
    Counter *counter_;
    SubTransactionId subtransaction_;
    StatementDelta *outer_;
    int statements_ = 0; // that have begun
};

using EventDelta = StatementDelta<Maintainers>;

/** The statement's maintainers, if calling them is all that the partition's triggers do after a row was inserted; else
 * nullptr. Then they may be called directly, which spares fetching each row again. */
Maintainers *sole_maintainers(const ExtensionSchema &schema, Relation partition);

} // namespace analytics::pg
