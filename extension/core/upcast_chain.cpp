#include "upcast_chain.hpp"

#include <algorithm>
#include <utility>

namespace analytics::core {
namespace {

using Place = std::pair<std::string_view, Version>;

bool is_before(const UpcastStep &step, const Place &place) noexcept
{
    return Place{step.event_type, step.version} < place;
}

} // namespace

UpcastChain::UpcastChain(std::vector<UpcastStep> steps) : steps_(std::move(steps))
{
    std::sort(steps_.begin(), steps_.end(), [](const UpcastStep &one, const UpcastStep &other) {
        return is_before(one, {other.event_type, other.version});
    });
}

bool UpcastChain::knows(std::string_view event_type) const noexcept
{
    const auto found = std::lower_bound(steps_.begin(), steps_.end(), Place{event_type, 0}, is_before);
    return found != steps_.end() && found->event_type == event_type;
}

std::size_t UpcastChain::find(std::string_view event_type, Version version) const noexcept
{
    const auto found = std::lower_bound(steps_.begin(), steps_.end(), Place{event_type, version}, is_before);
    if (found == steps_.end() || found->event_type != event_type || found->version != version) return steps_.size();
    return static_cast<std::size_t>(found - steps_.begin());
}

} // namespace analytics::core
