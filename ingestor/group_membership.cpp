#include "group_membership.hpp"

#include <fmt/format.h>
#include <utility>

namespace analytics::ingestor {

void GroupMembership::assigned()
{
    look_at_.reset();
    is_rejoining_ = false;
}

void GroupMembership::rejoin(Time now)
{
    if (std::exchange(is_rejoining_, true)) return;
    consumer_.rejoin();
    joining(now);
}

void GroupMembership::report_wait(Time now)
{
    if (!look_at_ || now < *look_at_) return;
    look_at_ = now + patience;
    const auto others = consumer_.other_members();
    if (!others || others->members.empty()) return; // no answer, or it is not the group that makes us wait
    look_at_.reset();

    std::string members;
    for (const std::string &member : others->members) members += (members.empty() ? "" : ", ") + member;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(others->session_timeout).count();
    observe_(event::GroupWaiting{
        .group = group_,
        .state = others->state,
        .members = members,
        .session_timeout_ms = others->session_timeout.count(),
        .message = fmt::format("the group waits for {}: for a member that died without leaving, it waits until that "
                               "member's session expires (session.timeout.ms, here {} s)",
                               members, seconds)});
}

} // namespace analytics::ingestor
