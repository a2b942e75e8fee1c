/* _analytics_iso8601, _analytics_instant_text: instants as text. */

#include "../border/times.hpp"

ANALYTICS_FUNCTION(analytics_iso8601)
{
    using namespace analytics::pg;
    const analytics::core::IsoText iso =
        analytics::core::iso8601(required_instant(PG_GETARG_TIMESTAMPTZ(0), "instant"));
    return PointerGetDatum(cstring_to_text_with_len(iso.bytes, iso.size));
}

ANALYTICS_FUNCTION(analytics_instant_text)
{
    using namespace analytics::pg;
    return PointerGetDatum(cstring_to_text(text_of_instant(PG_GETARG_TIMESTAMPTZ(0))));
}
