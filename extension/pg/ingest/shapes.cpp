#include "shapes.hpp"

#include "../border/jsonb_text.hpp"
#include "../border/session_copy.hpp"
#include "../border/text.hpp"

#include <algorithm>
#include <new>

namespace analytics::pg {
namespace {

/* One row of the table, as plain data in the current memory context. */
struct ShapeRow {
    int position = 0;
    Datum name = 0;
    std::optional<Datum> event_type, source, tenant_id;
    std::optional<Datum> event_type_member, source_member, tenant_member, time_member, payload_member, iso_member;
    Texts required{}, not_null{}, null_or_absent{}, absent{}, keys{};
    const char *conditions = nullptr; // as JSON; null: none
    bool time_optional = false;
    std::optional<std::int64_t> max_future, max_past; // microseconds
    core::Version version = 0;                        // 0: none
    std::optional<Datum> version_member;
    ShapeRow *next = nullptr;
};

TableWatch watch;

/* A length in microseconds. Months, which analytics_check_shape refuses, count as 30 days, as when intervals are
 * compared; a length beyond all events counts as the longest. */
std::optional<std::int64_t> length_of(std::optional<Datum> interval)
{
    constexpr double longest = 1e18;
    if (!interval) return std::nullopt;
    const Interval &parts = *DatumGetIntervalP(*interval);
    const double days = parts.month * double{DAYS_PER_MONTH} + parts.day;
    const double estimate = days * USECS_PER_DAY + static_cast<double>(parts.time);
    if (estimate > longest || estimate < -longest) return estimate < 0 ? -1 : static_cast<std::int64_t>(longest);
    return (std::int64_t{parts.month} * DAYS_PER_MONTH + parts.day) * USECS_PER_DAY + parts.time;
}

ShapeRow *read_row(const TableRow &table_row, ShapeRow *next)
{
    if (!DatumGetBool(table_row.value("enabled", BOOLOID))) return next;
    const std::optional<Datum> type_member = table_row.added_text("event_type_member");
    const std::optional<Datum> source_member = table_row.added_text("source_member");
    const std::optional<Datum> conditions = table_row.added_value("member_values", JSONBOID);
    return new (palloc(sizeof(ShapeRow))) ShapeRow{
        .position = DatumGetInt32(table_row.value("position", INT4OID)),
        .name = table_row.text("name"),
        .event_type = type_member ? std::nullopt : std::optional{table_row.text("event_type")},
        .source = source_member ? std::nullopt : std::optional{table_row.text("source")},
        .tenant_id = table_row.added_text("tenant_id"),
        .event_type_member = type_member,
        .source_member = source_member,
        .tenant_member = table_row.added_text("tenant_member"),
        .time_member = table_row.optional_text("time_member"),
        .payload_member = table_row.added_text("payload_member"),
        .iso_member = table_row.optional_text("iso_member"),
        .required = table_row.texts("required_members"),
        .not_null = table_row.texts("not_null_members"),
        .null_or_absent = table_row.texts("null_or_absent_members"),
        .absent = table_row.texts("absent_members"),
        .keys = table_row.texts("key_members"),
        .conditions = conditions ? json_of(*conditions) : nullptr,
        .time_optional = DatumGetBool(table_row.added_value("time_optional", BOOLOID).value_or(BoolGetDatum(false))),
        .max_future = length_of(table_row.added_value("max_future", INTERVALOID)),
        .max_past = length_of(table_row.added_value("max_past", INTERVALOID)),
        .version = DatumGetInt32(table_row.added_value("version", INT4OID).value_or(Int32GetDatum(0))),
        .version_member = table_row.added_text("version_member"),
        .next = next};
}

std::string string_of(std::optional<Datum> text)
{
    return text ? std::string(detoasted_bytes(*text)) : std::string{};
}

template <class Text> std::vector<Text> list_of(const Texts &texts)
{
    std::vector<Text> list;
    list.reserve(static_cast<std::size_t>(texts.count));
    for (int i = 0; i < texts.count; ++i) list.emplace_back(string_of(texts.items[i]));
    return list;
}

core::Shape shape_of(const ShapeRow &row)
{
    return {.name = string_of(row.name),
            .event_type = string_of(row.event_type),
            .source = string_of(row.source),
            .tenant_id = string_of(row.tenant_id),
            .event_type_member = string_of(row.event_type_member),
            .source_member = string_of(row.source_member),
            .tenant_member = string_of(row.tenant_member),
            .required = list_of<std::string>(row.required),
            .not_null = list_of<std::string>(row.not_null),
            .null_or_absent = list_of<std::string>(row.null_or_absent),
            .absent = list_of<std::string>(row.absent),
            .conditions = row.conditions != nullptr ? core::read_conditions(row.conditions) : core::Conditions{},
            .time_member = string_of(row.time_member),
            .time_optional = row.time_optional,
            .iso_member = string_of(row.iso_member),
            .key_members = list_of<core::MemberPath>(row.keys),
            .payload_member = string_of(row.payload_member),
            .version = row.version,
            .version_member = string_of(row.version_member),
            .max_future = row.max_future,
            .max_past = row.max_past};
}

void fill(core::Shapes &shapes, const ShapeRow *rows)
{
    std::vector<const ShapeRow *> ordered;
    for (const ShapeRow *row = rows; row != nullptr; row = row->next) ordered.push_back(row);
    std::sort(ordered.begin(), ordered.end(), [](const ShapeRow *a, const ShapeRow *b) {
        return a->position != b->position ? a->position < b->position : string_of(a->name) < string_of(b->name);
    });
    for (const ShapeRow *row : ordered) shapes.push_back(shape_of(*row));
}

} // namespace

core::Shapes *read_shapes(const ExtensionSchema &schema, MemoryContext owner)
{
    auto *const shapes = make_owned<core::Shapes>(owner);
    read_rules(schema, "analytics_shapes", read_row, [&](const ShapeRow *rows) { fill(*shapes, rows); });
    return shapes;
}

std::uint64_t shapes_generation(Oid table)
{
    return watch.generation(table);
}

} // namespace analytics::pg
