#include "changed_rows.hpp"

#include "../border/text.hpp"
#include "array_of.hpp"
#include "outbox_rows.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

#include <algorithm>
#include <span>

namespace analytics::pg {
namespace {

/* A row without a type would be that of a partition that was dropped, which every tenant may see. */
void append(OutboxRows &outbox, const ChangedRows &changed, std::span<const std::string> some)
{
    const Datum projection = text_of(changed.projection);
    const Noted noted = changed.has_deleted ? Noted::deleted : Noted::put;
    outbox.append({.tenant = changed.tenant,
                   .first_time = changed.bucket_start,
                   .last_time = changed.bucket_start,
                   .changes = some.size(),
                   .event_types = array_of(std::span{&projection, 1}, TEXTOID, [](Datum text) { return text; }),
                   .ids = PointerGetDatum(construct_empty_array(UUIDOID)),
                   .times = PointerGetDatum(construct_empty_array(TIMESTAMPTZOID)),
                   .operations = array_of(some, CHAROID,
                                          [&](const std::string &) { return CharGetDatum(static_cast<char>(noted)); }),
                   .type_numbers = PointerGetDatum(construct_empty_array(INT2OID)),
                   .source = given(projection),
                   .keys = given(array_of(some, BYTEAOID, [](const std::string &key) { return text_of(key); }))});
}

} // namespace

ChangedRows::ChangedRows(std::string_view name, TimestampTz start, std::optional<std::string_view> its_tenant,
                         const core::Cells &cells)
    : projection(name), bucket_start(start), tenant(its_tenant), has_deleted(cells.other() && cells.other()->count < 0)
{
    for (const auto &[key, cell] : cells.kept()) {
        keys.push_back(key.bytes);
        has_deleted = has_deleted || cell.count < 0;
    }
    keys.emplace_back(other);
}

void note_rows(const ExtensionSchema &schema, const std::vector<ChangedRows> &changed)
{
    if (changed.empty()) return;
    OutboxRows outbox{schema};
    for (const ChangedRows &rows : changed)
        for (std::span<const std::string> left{rows.keys}; !left.empty();) {
            const std::size_t some = std::min(left.size(), most_changes);
            append(outbox, rows, left.first(some));
            left = left.subspan(some);
        }
    outbox.close();
}

} // namespace analytics::pg
