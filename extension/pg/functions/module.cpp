/* The module itself: its magic, its settings, its version. */

#include "../border/postgres.hpp"

#include "../border/settings.hpp"

extern "C" {
PG_MODULE_MAGIC;
PGDLLEXPORT void _PG_init(void);
}

void _PG_init(void)
{
    analytics::pg::define_settings();
}

ANALYTICS_FUNCTION(analytics_library_version)
{
    return PointerGetDatum(cstring_to_text(ANALYTICS_VERSION));
}

ANALYTICS_FUNCTION(analytics_metrics_window_minutes)
{
    PG_RETURN_INT32(analytics::pg::settings().metrics_window_minutes);
}
