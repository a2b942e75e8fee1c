#include "upcast_rows.hpp"

extern "C" {
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
}

#include <utility>

namespace analytics::pg {
// NOLINTBEGIN(cppcoreguidelines-pro-type-union-access): jsonb's values are unions
namespace {

/* The element of the array, which must have the type. */
const JsonbValue &element_of(JsonbContainer *array, std::uint32_t position, jbvType type)
{
    const JsonbValue *const found =
        JsonContainerIsArray(array) ? getIthJsonbValueFromContainer(array, position) : nullptr;
    if (found != nullptr && found->type == type) return *found;
    ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
                    errmsg("column \"upcasts\" of analytics_projections holds something else")));
    pg_unreachable();
}

std::string_view text_of(const JsonbValue &value)
{
    return {value.val.string.val, static_cast<std::size_t>(value.val.string.len)};
}

} // namespace

UpcastRow *stored_upcasts(Datum upcasts)
{
    JsonbContainer *const array = &DatumGetJsonbP(upcasts)->root;
    const std::uint32_t count = JsonContainerIsArray(array) ? JsonContainerSize(array) : 0;
    UpcastRow *rows = nullptr;
    for (std::uint32_t i = 0; i < count; ++i) {
        JsonbContainer *const row = element_of(array, i, jbvBinary).val.binary.data;
        const Numeric version = element_of(row, 1, jbvNumeric).val.numeric;
        auto *const read = static_cast<UpcastRow *>(palloc(sizeof(UpcastRow)));
        *read = {text_of(element_of(row, 0, jbvString)),
                 DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(version))),
                 text_of(element_of(row, 2, jbvString)), rows};
        rows = read;
    }
    return rows;
}

// NOLINTEND(cppcoreguidelines-pro-type-union-access)

core::UpcastChain chain_of(const UpcastRow *rows)
{
    std::vector<core::UpcastStep> steps;
    for (const UpcastRow *row = rows; row != nullptr; row = row->next)
        steps.push_back({std::string(row->event_type), row->version, std::string(row->function)});
    return core::UpcastChain{std::move(steps)};
}

} // namespace analytics::pg
