#include "rules.hpp"

#include "../border/times.hpp"

namespace analytics::pg {

TimestampTz ProjectionRule::bucket_start(TimestampTz occurred_at) const noexcept
{
    return timestamptz_of(bucket.start(instant_of(occurred_at)));
}

TimestampTz ProjectionRule::next_bucket(TimestampTz start) const noexcept
{
    return timestamptz_of(bucket.next(instant_of(start)));
}

TimestampTz ProjectionRule::bucket_end(TimestampTz end) const noexcept
{
    if (end <= timestamptz_of(core::min_instant)) return bucket_start(timestamptz_of(core::min_instant));
    return next_bucket(bucket_start(std::min(end - 1, timestamptz_of(core::max_instant))));
}

const ProjectionRule &rule_numbered(const ProjectionRules &rules, std::int32_t id)
{
    const auto found =
        std::find_if(rules.begin(), rules.end(), [id](const ProjectionRule &rule) { return rule.id == id; });
    if (found == rules.end())
        ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE), errmsg("projection number %d does not exist", id),
                        errdetail("It was dropped, or built again, since the transaction's snapshot."),
                        errhint("Begin another transaction.")));
    return *found;
}

} // namespace analytics::pg
