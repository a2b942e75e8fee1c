#include "sqlstate.hpp"

#include "postgres.hpp"

namespace analytics::pg {

int sqlstate_of(core::Reason reason) noexcept
{
    switch (reason) {
    case core::Reason::invalid_utf8:
        return ERRCODE_CHARACTER_NOT_IN_REPERTOIRE;
    case core::Reason::invalid_json:
        return ERRCODE_INVALID_JSON_TEXT;
    case core::Reason::invalid_timestamp:
        return ERRCODE_INVALID_DATETIME_FORMAT;
    case core::Reason::implausible_time:
        return ERRCODE_DATETIME_VALUE_OUT_OF_RANGE;
    case core::Reason::unstorable_text:
        return ERRCODE_UNTRANSLATABLE_CHARACTER;
    case core::Reason::unstorable_number:
        return ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE;
    case core::Reason::tombstone:
        return ERRCODE_NULL_VALUE_NOT_ALLOWED;
    case core::Reason::none:
    case core::Reason::too_large:
    case core::Reason::too_deep:
    case core::Reason::not_an_object:
    case core::Reason::unknown_shape:
    case core::Reason::missing_field:
    case core::Reason::invalid_field:
    case core::Reason::contract_violation:
    case core::Reason::rejected:
    case core::Reason::dropped:
        break;
    }
    return ERRCODE_INVALID_PARAMETER_VALUE;
}

} // namespace analytics::pg
