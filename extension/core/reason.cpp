#include "reason.hpp"

namespace analytics::core {

std::string_view name(Reason reason) noexcept
{
    switch (reason) {
    case Reason::none:
        return {};
    case Reason::too_large:
        return "too_large";
    case Reason::invalid_utf8:
        return "invalid_utf8";
    case Reason::invalid_json:
        return "invalid_json";
    case Reason::too_deep:
        return "too_deep";
    case Reason::not_an_object:
        return "not_an_object";
    case Reason::unknown_shape:
        return "unknown_shape";
    case Reason::missing_field:
        return "missing_field";
    case Reason::invalid_field:
        return "invalid_field";
    case Reason::invalid_timestamp:
        return "invalid_timestamp";
    case Reason::implausible_time:
        return "implausible_time";
    case Reason::contract_violation:
        return "contract_violation";
    case Reason::unstorable_text:
        return "unstorable_text";
    case Reason::unstorable_number:
        return "unstorable_number";
    case Reason::tombstone:
        return "tombstone";
    case Reason::rejected:
        return "rejected";
    case Reason::dropped:
        return "dropped";
    }
    return {};
}

Reason reason_named(std::string_view wanted) noexcept
{
    for (auto reason = Reason::too_large; reason <= Reason::dropped;
         reason = static_cast<Reason>(static_cast<std::uint8_t>(reason) + 1)) {
        if (name(reason) == wanted) return reason;
    }
    return Reason::none;
}

} // namespace analytics::core
