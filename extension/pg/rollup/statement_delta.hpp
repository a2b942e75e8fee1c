/* Pending upkeep: that of statements which have begun and not ended, one session of it in each subtransaction; see
 * upkeep.hpp for when it is opened, offered events and closed. */
#pragma once

#include "maintainer.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/relcache.h"
}

namespace analytics::pg {

/** They are linked, innermost first; one that dies, with its memory, unlinks itself. */
class Pending {
public:
    Pending(MemoryContext context, Upkeeps *upkeeps, SubTransactionId subtransaction) noexcept;
    ~Pending();
    Pending(const Pending &) = delete;
    Pending &operator=(const Pending &) = delete;

    /** The one of the current subtransaction; nullptr without. */
    static Pending *here();

    /** Whether any statement of this session is changing events: what it has done may be seen, and is not written down. */
    [[nodiscard]] static bool is_anything() noexcept { return innermost != nullptr; }

    static Pending *open(const Home &home, std::span<const MakeUpkeep> kinds);

    [[nodiscard]] Upkeeps &upkeeps() noexcept { return *upkeeps_; }

    void statement_begins() noexcept { ++statements_; }
    /** Writes; this may be gone afterwards. */
    void statement_ends();

private:
    static inline Pending *innermost = nullptr;

    MemoryContext context_;
    Upkeeps *upkeeps_;
    SubTransactionId subtransaction_;
    Pending *outer_;
    int statements_ = 0; // that have begun
};

/** What the statement's inserted rows of this partition may be shown to at once, instead of by a trigger that fetches each
 * of them again: its upkeep, if that is all that follows a row's insertion there, else nullptr. */
Upkeeps *sole_follower(const Home &home, Relation partition);

} // namespace analytics::pg
