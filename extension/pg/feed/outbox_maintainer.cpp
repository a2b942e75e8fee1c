#include "outbox_maintainer.hpp"

#include "../border/owned.hpp"
#include "../border/text.hpp"
#include "../rollup/row_appender.hpp"
#include "array_of.hpp"
#include "wanted.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/uuid.h"
}

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <utility>

namespace analytics::pg {
namespace {

/* So many keys are 27 KB. A reader unpacks a whole row for each page that begins in it. */
constexpr std::size_t most_changes = 1000;

/* put: stored or changed. deleted: gone. left: has another tenant or type now, and is put under these. */
enum class Operation : char { put = 'p', deleted = 'd', left = 'l' };

struct Change {
    pg_uuid_t id;
    TimestampTz occurred_at;
    std::int16_t type_number; // from 1
    Operation operation;
};

/* One row of the outbox. */
struct Changes {
    std::vector<std::string> types;
    std::vector<Change> changes;

    std::int16_t number_of(std::string_view type)
    {
        auto at = std::find(types.begin(), types.end(), type);
        if (at == types.end()) at = types.emplace(types.end(), type);
        return static_cast<std::int16_t>(at - types.begin() + 1);
    }
};

enum Column : int { number, tenant, first_time, last_time, count, event_types, ids, times, operations, type_numbers };
constexpr ReadColumn columns[] = {{"number", INT8OID},
                                  {"tenant_id", TEXTOID, Nulls::allowed},
                                  {"first_time", TIMESTAMPTZOID},
                                  {"last_time", TIMESTAMPTZOID},
                                  {"changes", INT4OID},
                                  {"event_types", TEXTARRAYOID},
                                  {"ids", UUIDARRAYOID},
                                  {"times", TIMESTAMPTZARRAYOID},
                                  {"operations", CHARARRAYOID},
                                  {"type_numbers", INT2ARRAYOID}};

class OutboxMaintainer : public Maintainer {
public:
    OutboxMaintainer(const ExtensionSchema &schema, std::shared_ptr<const Wanted> wanted)
        : schema_(schema), wanted_(std::move(wanted))
    {
    }

    void inserted(const EventRow &event) override { keep(event, Operation::put); }
    void deleted(const EventRow &event) override { keep(event, Operation::deleted); }

    void updated(const EventRow &before, const EventRow &after) override
    {
        if (!has_same_key(before, after))
            deleted(before);
        else if (!before.is_counted_as(after))
            keep(before, Operation::left);
        inserted(after);
    }

    [[nodiscard]] std::size_t size() const noexcept override { return size_; }

    void write() override;

private:
    using Tenants = std::map<std::optional<std::string>, std::vector<Changes>, std::less<>>;

    static bool has_same_key(const EventRow &one, const EventRow &other)
    {
        return one.occurred_at == other.occurred_at &&
               std::memcmp(DatumGetUUIDP(one.id()), DatumGetUUIDP(other.id()), UUID_LEN) == 0;
    }

    void keep(const EventRow &event, Operation operation);

    const ExtensionSchema &schema_;
    std::shared_ptr<const Wanted> wanted_;
    Tenants tenants_;
    std::size_t size_ = 0;
};

void OutboxMaintainer::keep(const EventRow &event, Operation operation)
{
    const pg_uuid_t &id = *DatumGetUUIDP(event.id());
    guarded([&] {
        const auto wants = [&](const WantedEvents &feed) { return feed.takes(event.event_type, event.tenant); };
        if (std::none_of(wanted_->events.begin(), wanted_->events.end(), wants)) return;
        auto at = tenants_.find(event.tenant);
        if (at == tenants_.end()) at = tenants_.try_emplace(std::optional<std::string>{event.tenant}).first;
        std::vector<Changes> &rows = at->second;
        if (rows.empty() || rows.back().changes.size() >= most_changes) rows.emplace_back();
        rows.back().changes.push_back({id, event.occurred_at, rows.back().number_of(event.event_type), operation});
        ++size_;
    });
}

void append(RowAppender &outbox, Oid sequence, const std::optional<std::string> &tenant_id, const Changes &row)
{
    const auto [first, last] =
        std::minmax_element(row.changes.begin(), row.changes.end(),
                            [](const Change &one, const Change &other) { return one.occurred_at < other.occurred_at; });
    Datum values[std::size(columns)];
    values[number] = Int64GetDatum(nextval_internal(sequence, false));
    values[tenant] = tenant_id ? text_of(*tenant_id) : Datum{0};
    values[first_time] = TimestampTzGetDatum(first->occurred_at);
    values[last_time] = TimestampTzGetDatum(last->occurred_at);
    values[count] = Int32GetDatum(static_cast<std::int32_t>(row.changes.size()));
    values[event_types] = array_of(row.types, TEXTOID, [](const std::string &type) { return text_of(type); });
    values[ids] = array_of(row.changes, UUIDOID, [](const Change &change) { return UUIDPGetDatum(&change.id); });
    values[times] = array_of(row.changes, TIMESTAMPTZOID,
                             [](const Change &change) { return TimestampTzGetDatum(change.occurred_at); });
    values[operations] = array_of(
        row.changes, CHAROID, [](const Change &change) { return CharGetDatum(static_cast<char>(change.operation)); });
    values[type_numbers] =
        array_of(row.changes, INT2OID, [](const Change &change) { return Int16GetDatum(change.type_number); });
    bool nulls[std::size(columns)] = {};
    nulls[tenant] = !tenant_id;
    outbox.append(values, nulls);
}

void OutboxMaintainer::write()
{
    if (tenants_.empty()) return;
    const MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "analytics outbox", ALLOCSET_DEFAULT_SIZES);
    const MemoryContext outer = MemoryContextSwitchTo(context);
    RowAppender outbox{schema_, "analytics_outbox", columns};
    const Oid sequence = relation_in(schema_, "analytics_outbox_number_seq");
    const MemoryContext scratch = AllocSetContextCreate(context, "analytics outbox scratch", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(scratch);
    for (const auto &[tenant_id, rows] : tenants_)
        for (const Changes &row : rows) {
            CHECK_FOR_INTERRUPTS();
            append(outbox, sequence, tenant_id, row);
            MemoryContextReset(scratch);
        }
    MemoryContextSwitchTo(outer);
    outbox.close();
    MemoryContextDelete(context);
    tenants_.clear();
    size_ = 0;
}

} // namespace

Maintainer *make_outbox_maintainer(MemoryContext context, const ExtensionSchema &schema)
{
    const std::shared_ptr<const Wanted> &wanted = wanted_by_feeds(schema);
    return wanted->events.empty() ? nullptr : make_owned<OutboxMaintainer>(context, schema, wanted);
}

} // namespace analytics::pg
