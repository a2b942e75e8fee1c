#include "session_upcasts.hpp"

#include "../border/session_copy.hpp"
#include "../border/text.hpp"
#include "upcast_rows.hpp"

namespace analytics::pg {
namespace {

SessionCopy<core::UpcastChain> session_copy;

UpcastRow *read_row(const TableRow &table_row, UpcastRow *next)
{
    const std::optional<Datum> function = table_row.optional_text("upcast");
    if (!function) return next;
    auto *const row = static_cast<UpcastRow *>(palloc(sizeof(UpcastRow)));
    *row = {detoasted_bytes(table_row.text("event_type")), DatumGetInt32(table_row.value("version", INT4OID)),
            detoasted_bytes(*function), next};
    return row;
}

} // namespace

SessionUpcasts session_upcasts(const ExtensionSchema &schema)
{
    constexpr char table[] = "analytics_contracts";
    const auto &[chain, generation] =
        session_copy.of_now(schema, table, relation_in(schema, table), read_row, chain_of);
    return {chain, generation};
}

} // namespace analytics::pg
