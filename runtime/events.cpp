#include "events.hpp"

namespace analytics::runtime {

const EventKind &kind_of(const Event &event) noexcept
{
    return event.visit([](const auto &one) -> const EventKind & { return one.kind; });
}

Fields fields_of(const Event &event)
{
    return event.visit([](const auto &one) { return one.fields(); });
}

} // namespace analytics::runtime
