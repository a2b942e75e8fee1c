#include "shapes.hpp"

#include "../border/owned.hpp"
#include "../border/rule_table.hpp"
#include "../border/text.hpp"

#include <algorithm>

namespace analytics::pg {
namespace {

/* One row of the table, as plain data in the current memory context. */
struct ShapeRow {
    int position;
    Datum name, event_type, source;
    Texts required, not_null, null_or_absent, absent, keys;
    Datum time_member, iso_member;
    bool has_time, has_iso;
    bool has_max_future, has_max_past;
    std::int64_t max_future, max_past; // microseconds
    ShapeRow *next;
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
    auto *const row = static_cast<ShapeRow *>(palloc0(sizeof(ShapeRow)));
    row->next = next;
    row->position = DatumGetInt32(table_row.value("position", INT4OID));
    row->name = table_row.text("name");
    row->event_type = table_row.text("event_type");
    row->source = table_row.text("source");
    row->required = table_row.texts("required_members");
    row->not_null = table_row.texts("not_null_members");
    row->null_or_absent = table_row.texts("null_or_absent_members");
    row->absent = table_row.texts("absent_members");
    row->keys = table_row.texts("key_members");
    const std::optional<Datum> time_member = table_row.optional_text("time_member");
    const std::optional<Datum> iso_member = table_row.optional_text("iso_member");
    row->has_time = time_member.has_value();
    row->has_iso = iso_member.has_value();
    row->time_member = time_member.value_or(0);
    row->iso_member = iso_member.value_or(0);
    const std::optional<std::int64_t> max_future = length_of(table_row.added_value("max_future", INTERVALOID));
    const std::optional<std::int64_t> max_past = length_of(table_row.added_value("max_past", INTERVALOID));
    row->has_max_future = max_future.has_value();
    row->has_max_past = max_past.has_value();
    row->max_future = max_future.value_or(0);
    row->max_past = max_past.value_or(0);
    return row;
}

std::string string_of(Datum text)
{
    return std::string(detoasted_bytes(text));
}

std::vector<std::string> strings_of(const Texts &texts)
{
    std::vector<std::string> strings;
    strings.reserve(static_cast<std::size_t>(texts.count));
    for (int i = 0; i < texts.count; ++i) strings.push_back(string_of(texts.items[i]));
    return strings;
}

core::Shape shape_of(const ShapeRow &row)
{
    return {.name = string_of(row.name),
            .event_type = string_of(row.event_type),
            .source = string_of(row.source),
            .required = strings_of(row.required),
            .not_null = strings_of(row.not_null),
            .null_or_absent = strings_of(row.null_or_absent),
            .absent = strings_of(row.absent),
            .time_member = row.has_time ? string_of(row.time_member) : std::string{},
            .iso_member = row.has_iso ? string_of(row.iso_member) : std::string{},
            .key_members = strings_of(row.keys),
            .max_future = row.has_max_future ? std::optional{row.max_future} : std::nullopt,
            .max_past = row.has_max_past ? std::optional{row.max_past} : std::nullopt};
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
    const MemoryContext scratch =
        AllocSetContextCreate(CurrentMemoryContext, "analytics shapes scan", ALLOCSET_SMALL_SIZES);
    const MemoryContext outer = MemoryContextSwitchTo(scratch);

    ShapeRow *rows = nullptr;
    each_row(schema, "analytics_shapes", [&rows](const TableRow &row) { rows = read_row(row, rows); });

    auto *const shapes = make_owned<core::Shapes>(owner);
    guarded([&] { fill(*shapes, rows); });
    MemoryContextSwitchTo(outer);
    MemoryContextDelete(scratch);
    return shapes;
}

std::uint64_t shapes_generation(Oid table)
{
    return watch.generation(table);
}

} // namespace analytics::pg
