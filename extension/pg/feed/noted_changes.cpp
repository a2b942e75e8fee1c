#include "noted_changes.hpp"

#include "../border/text.hpp"
#include "array_of.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

#include <algorithm>

namespace analytics::pg {

std::int16_t NotedChanges::Row::number_of(std::string_view type)
{
    auto at = std::find(types.begin(), types.end(), type);
    if (at == types.end()) at = types.emplace(types.end(), type);
    return static_cast<std::int16_t>(at - types.begin() + 1);
}

void NotedChanges::note(std::optional<std::string_view> tenant, std::string_view type, TimestampTz time, Noted noted,
                        const pg_uuid_t &id)
{
    auto at = tenants_.find(tenant);
    if (at == tenants_.end()) at = tenants_.try_emplace(std::optional<std::string>{tenant}).first;
    std::vector<Row> &rows = at->second;
    if (rows.empty() || rows.back().changes.size() >= most_changes) rows.emplace_back();
    rows.back().changes.push_back({id, time, rows.back().number_of(type), noted});
    ++size_;
}

void NotedChanges::append(OutboxRows &outbox, const std::optional<std::string> &tenant, const Row &row,
                          const char *source)
{
    const auto [first, last] =
        std::minmax_element(row.changes.begin(), row.changes.end(),
                            [](const Change &one, const Change &other) { return one.time < other.time; });
    const auto each = [&](Oid type, auto value) { return array_of(row.changes, type, value); };
    outbox.append(
        {.tenant = tenant,
         .first_time = first->time,
         .last_time = last->time,
         .changes = row.changes.size(),
         .event_types = array_of(row.types, TEXTOID, [](const std::string &type) { return text_of(type); }),
         .ids = source == nullptr ? each(UUIDOID, [](const Change &change) { return UUIDPGetDatum(&change.id); })
                                  : PointerGetDatum(construct_empty_array(UUIDOID)),
         .times = each(TIMESTAMPTZOID, [](const Change &change) { return TimestampTzGetDatum(change.time); }),
         .operations =
             each(CHAROID, [](const Change &change) { return CharGetDatum(static_cast<char>(change.noted)); }),
         .type_numbers = each(INT2OID, [](const Change &change) { return Int16GetDatum(change.type_number); }),
         .source = source == nullptr ? null_datum : given(text_of(source))});
}

void NotedChanges::write(const ExtensionSchema &schema, const char *source)
{
    if (tenants_.empty()) return;
    OutboxRows outbox{schema};
    for (const auto &[tenant, rows] : tenants_)
        for (const Row &row : rows) append(outbox, tenant, row, source);
    outbox.close();
    tenants_.clear();
    size_ = 0;
}

} // namespace analytics::pg
