/* _analytics_array_items: the elements of a JSON array, each as a record. */

#include "../../core/array_items.hpp"
#include "../border/boundary.hpp"
#include "../border/owned.hpp"
#include "../border/settings.hpp"
#include "../border/text.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
}

ANALYTICS_FUNCTION(analytics_array_items)
{
    using namespace analytics;
    const std::string_view body = pg::bytes_of(PG_GETARG_DATUM(0));
    const auto max_items = static_cast<std::size_t>(std::max(PG_GETARG_INT32(1), 0));
    const core::Limits limits = pg::limits();
    auto *const cut = pg::make_owned<core::ArrayItems>(CurrentMemoryContext);
    auto *const refusal = pg::make_owned<core::Refusal>(CurrentMemoryContext);
    pg::guarded([&] { *refusal = cut->split(body, max_items, limits); });
    if (*refusal) {
        const bool is_text = refusal->reason != core::Reason::invalid_utf8;
        ereport(ERROR, (errcode(is_text ? ERRCODE_INVALID_TEXT_REPRESENTATION : ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
                        errmsg("not a JSON array: %s", refusal->detail.c_str())));
    }

    const auto count = static_cast<int>(cut->items().size());
    auto *const elements = static_cast<Datum *>(palloc(sizeof(Datum) * (cut->items().size() + 1)));
    for (int i = 0; i < count; ++i) elements[i] = pg::text_of(cut->items()[static_cast<std::size_t>(i)]);
    PG_RETURN_POINTER(construct_array(elements, count, BYTEAOID, -1, false, TYPALIGN_INT));
}
