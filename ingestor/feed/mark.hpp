/* What a feed's publisher commits to Kafka beside its messages, as the metadata of an offset: where the feed goes on.
 *
 *     POSITION GENERATION SYSTEM DATABASE_OID */
#pragma once

#include "feed.hpp"

namespace analytics::ingestor {

struct FeedMark {
    std::string position;
    std::int64_t generation = 0;
    std::string system;
    std::string database_oid;
};

[[nodiscard]] std::string text_of(const FeedMark &mark);

/** Nothing where the text is no mark. */
[[nodiscard]] std::optional<FeedMark> mark_of(std::string_view text);

/** The number that a position begins with, which tools show as the offset; 0 where there is none. */
[[nodiscard]] std::int64_t offset_of(std::string_view position);

/** Whether the position is the end of what could be read: a number alone. */
[[nodiscard]] bool is_end(std::string_view position);

/** Where to go on; or why not. */
struct FeedStart {
    std::optional<std::string> after = {}; // nothing: where the feed says
    bool is_first = false;                 // nothing of the generation is committed
    std::string fault = {};                // not empty: publishing must not go on
};

/** Whether another database has published the feed, and this one may not take over: why, else nothing. */
[[nodiscard]] std::string foreign_fault(const std::optional<std::string> &committed, const FeedClaim &claim,
                                        const FeedStore &store);

/** reported: a position that was committed for sure; nothing: none was. */
[[nodiscard]] FeedStart start_of(const std::optional<std::string> &committed, const FeedClaim &claim,
                                 const std::optional<std::string> &reported);

} // namespace analytics::ingestor
