#include "noted_dead_letters.hpp"

#include "../border/columns.hpp"
#include "../border/owned.hpp"
#include "../border/text.hpp"
#include "array_of.hpp"
#include "outbox_rows.hpp"
#include "wanted.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

#include <algorithm>
#include <span>

namespace analytics::pg {
namespace {

constexpr std::size_t many = 50'000; // in memory

constexpr ReadColumn id_of_letter{"id", INT8OID};
constexpr ReadColumn reason_of_letter{"reason", TEXTOID};
constexpr ReadColumn received_at_of_letter{"received_at", TIMESTAMPTZOID};
constexpr ReadColumn replayed_at_of_letter{"replayed_at", TIMESTAMPTZOID, Nulls::allowed};
constexpr ReadColumn fault_of_letter{"publish_fault", TEXTOID, Nulls::allowed};

Datum value_in(TupleTableSlot *row, const ReadColumn &column, int likely, bool *is_null)
{
    const Datum value = slot_getattr(row, column_number(row->tts_tupleDescriptor, column, likely), is_null);
    if (column.nulls == Nulls::refused) require_value(column, *is_null);
    return value;
}

bool has_fault(TupleTableSlot *dead_letter)
{
    bool is_null = false;
    value_in(dead_letter, fault_of_letter, 14, &is_null);
    return !is_null;
}

/* Whether feeds have it. Skipped records are no dead letters. */
bool is_open(TupleTableSlot *dead_letter)
{
    bool is_null = false;
    value_in(dead_letter, replayed_at_of_letter, 12, &is_null);
    if (!is_null) return false;
    bool is_skipped = false;
    with_bytes(value_in(dead_letter, reason_of_letter, 2, &is_null),
               [&](std::string_view reason) { is_skipped = reason == "unknown_shape"; });
    return !is_skipped;
}

pg_uuid_t id_of(std::int64_t number)
{
    pg_uuid_t id{};
    for (int place = UUID_LEN - 1; place >= UUID_LEN / 2; --place) {
        id.data[place] = static_cast<unsigned char>(number & 0xff);
        number >>= 8;
    }
    return id;
}

} // namespace

void NotedDeadLetters::inserted(TupleTableSlot *dead_letter)
{
    if (is_open(dead_letter)) note(dead_letter);
}

void NotedDeadLetters::updated(TupleTableSlot *before, TupleTableSlot *after)
{
    if (!is_open(after)) return;
    if (!is_open(before) || (has_fault(before) && !has_fault(after))) note(after);
}

void NotedDeadLetters::note(TupleTableSlot *dead_letter)
{
    bool is_null = false;
    const Note note{id_of(DatumGetInt64(value_in(dead_letter, id_of_letter, 1, &is_null))),
                    DatumGetTimestampTz(value_in(dead_letter, received_at_of_letter, 11, &is_null))};
    guarded([&] { notes_.push_back(note); });
    if (notes_.size() >= many) write();
}

/* A row without a type would be that of a partition that was dropped, which every tenant may see. */
void NotedDeadLetters::write()
{
    if (notes_.empty()) return;
    OutboxRows outbox{schema_};
    for (std::span<const Note> left{notes_}; !left.empty();) {
        const auto some = left.first(std::min(left.size(), most_changes));
        const auto [first, last] =
            std::minmax_element(some.begin(), some.end(),
                                [](const Note &one, const Note &other) { return one.received_at < other.received_at; });
        const Datum source = text_of("dead_letters");
        outbox.append({.tenant = {},
                       .first_time = first->received_at,
                       .last_time = last->received_at,
                       .changes = some.size(),
                       .event_types = array_of(std::span{&source, 1}, TEXTOID, [](Datum text) { return text; }),
                       .ids = array_of(some, UUIDOID, [](const Note &note) { return UUIDPGetDatum(&note.id); }),
                       .times = array_of(some, TIMESTAMPTZOID,
                                         [](const Note &note) { return TimestampTzGetDatum(note.received_at); }),
                       .operations = array_of(some, CHAROID,
                                              [](const Note &) { return CharGetDatum(static_cast<char>(Noted::put)); }),
                       .type_numbers = PointerGetDatum(construct_empty_array(INT2OID)),
                       .source = given(source)});
        left = left.subspan(some.size());
    }
    outbox.close();
    notes_.clear();
}

NotedDeadLetters *make_noted_dead_letters(MemoryContext context, const ExtensionSchema &schema)
{
    if (!wanted_by_feeds(schema)->dead_letters) return nullptr;
    const ExtensionSchema own{schema.oid, MemoryContextStrdup(context, schema.prefix)};
    return make_owned<NotedDeadLetters>(context, own);
}

} // namespace analytics::pg
