/* The only file that includes postgres.h. It undoes the macros that break C++, and makes exported functions visible
 * although everything else is hidden. */
#pragma once

#ifdef __cplusplus
#if __has_include(<optional>)
#include <optional> // before postgres.h, whose macros would reach into it
#endif
#endif

extern "C" {
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
}

/* Before 16, PGDLLEXPORT is empty on Linux and -fvisibility=hidden would hide the functions from the loader. */
#if PG_VERSION_NUM < 160000
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

/* port.h routes these to PostgreSQL's own; inside C++ the standard names must stay what they are. */
#undef snprintf
#undef vsnprintf
#undef sprintf
#undef vsprintf
#undef printf
#undef fprintf
#undef strerror
#undef gettext
#undef dgettext
#undef ngettext
#undef dngettext

/** Defines a C function that SQL can call. Its body alternates PostgreSQL phases and guarded C++ phases:
 * boundary.hpp. */
#define ANALYTICS_FUNCTION(name)                                                                                       \
    extern "C" {                                                                                                       \
    PGDLLEXPORT Datum name(PG_FUNCTION_ARGS);                                                                          \
    PG_FUNCTION_INFO_V1(name);                                                                                         \
    }                                                                                                                  \
    Datum name(PG_FUNCTION_ARGS)
