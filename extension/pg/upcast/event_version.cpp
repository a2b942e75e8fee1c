#include "event_version.hpp"

#include "../border/boundary.hpp"
#include "../border/numeric_form.hpp"

extern "C" {
#include "utils/jsonb.h"
}

namespace analytics::pg {
// NOLINTBEGIN(cppcoreguidelines-pro-type-union-access): jsonb's values are unions
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

core::Version version_of(const char *number)
{
    core::Decimal decimal;
    read_numeric(number, decimal);
    return core::version_of(decimal).value_or(1);
}

} // namespace
// NOLINTEND(cppcoreguidelines-pro-type-union-access)

core::Version event_version(std::string_view event_type, Datum payload)
{
    if (const std::optional<core::VersionSuffix> suffix = core::version_suffix(event_type)) return suffix->version;
    const char *const number = version_number(DatumGetJsonbP(payload));
    if (number == nullptr) return 1;
    return guarded([&] { return version_of(number); });
}

} // namespace analytics::pg
