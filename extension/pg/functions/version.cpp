/* analytics_event_version: the version that a stored event's type or payload says. */

#include "../../core/version.hpp"
#include "../border/boundary.hpp"
#include "../border/numeric_form.hpp"
#include "../border/text.hpp"

extern "C" {
#include "utils/jsonb.h"
}

// NOLINTBEGIN(cppcoreguidelines-pro-type-union-access): jsonb's values are unions

namespace analytics::pg {
namespace {

/* The payload's member "version", if it is a number; else null. */
const char *version_number(Jsonb *payload)
{
    static constexpr std::string_view name = "version";
    if (!JB_ROOT_IS_OBJECT(payload)) return nullptr;
    const JsonbValue *const value =
        getKeyJsonValueFromContainer(&payload->root, name.data(), static_cast<int>(name.size()), nullptr);
    if (value == nullptr || value->type != jbvNumeric) return nullptr;
    return reinterpret_cast<const char *>(value->val.numeric);
}

core::Version version_of(std::string_view event_type, const char *number)
{
    if (const std::optional<core::VersionSuffix> suffix = core::version_suffix(event_type)) return suffix->version;
    if (number == nullptr) return 1;
    core::Decimal decimal;
    read_numeric(number, decimal);
    return core::version_of(decimal).value_or(1);
}

} // namespace
} // namespace analytics::pg

// NOLINTEND(cppcoreguidelines-pro-type-union-access)

ANALYTICS_FUNCTION(analytics_event_version)
{
    using namespace analytics::pg;
    const std::string_view event_type = bytes_of(PG_GETARG_DATUM(0));
    const char *const number = version_number(PG_GETARG_JSONB_P(1));
    PG_RETURN_INT32(guarded([&] { return version_of(event_type, number); }));
}
