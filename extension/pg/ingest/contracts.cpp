#include "contracts.hpp"

#include "../border/jsonb_text.hpp"
#include "../border/session_copy.hpp"
#include "../border/text.hpp"
#include "../border/times.hpp"

#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace analytics::pg {
namespace {

constexpr char table_name[] = "analytics_contracts";

/* One row of the table, as plain data in the current memory context. */
struct ContractRow {
    Datum event_type = 0;
    core::Version version = 0;
    Datum mode = 0;
    TimestampTz valid_from = 0;
    const char *schema = nullptr; // as JSON; null: none
    ContractRow *next = nullptr;
};

struct Cache {
    MemoryContext context = nullptr;
    const core::Contracts *contracts = nullptr;
    std::uint64_t generation = 0;
};

TableWatch watch;
Cache cache;

ContractRow *read_row(const TableRow &table_row, ContractRow *next)
{
    const std::optional<Datum> schema = table_row.optional_value("schema", JSONBOID);
    return new (palloc(sizeof(ContractRow)))
        ContractRow{.event_type = table_row.text("event_type"),
                    .version = DatumGetInt32(table_row.value("version", INT4OID)),
                    .mode = table_row.text("mode"),
                    .valid_from = DatumGetTimestampTz(table_row.value("valid_from", TIMESTAMPTZOID)),
                    .schema = schema ? json_of(*schema) : nullptr,
                    .next = next};
}

core::ContractMode mode_of(std::string_view name)
{
    if (const std::optional<core::ContractMode> mode = core::contract_mode_named(name)) return *mode;
    throw core::Corrupt("column \"mode\" of analytics_contracts has an unknown mode");
}

/* Only a schema that is used is compiled. */
core::Contract contract_of(const ContractRow &row)
{
    core::Contract contract{.event_type = std::string(detoasted_bytes(row.event_type)),
                            .version = row.version,
                            .mode = mode_of(detoasted_bytes(row.mode)),
                            .valid_from = nearest_instant(row.valid_from)};
    if (contract.mode != core::ContractMode::observe && contract.mode != core::ContractMode::enforce) return contract;
    if (row.schema == nullptr) throw core::Corrupt("column \"schema\" of analytics_contracts is null");
    contract.schema = std::make_shared<const core::ContractSchema>(row.schema);
    return contract;
}

void fill(core::Contracts &contracts, const ContractRow *rows)
{
    std::vector<core::Contract> list;
    for (const ContractRow *row = rows; row != nullptr; row = row->next) list.push_back(contract_of(*row));
    contracts.fill(std::move(list));
}

const core::Contracts *read_contracts(const ExtensionSchema &schema, MemoryContext owner)
{
    auto *const contracts = make_owned<core::Contracts>(owner);
    read_rules(schema, table_name, read_row, [&](const ContractRow *rows) { fill(*contracts, rows); });
    return contracts;
}

void renew(const ExtensionSchema &schema, bool is_there)
{
    cache.contracts = nullptr;
    if (cache.context != nullptr)
        MemoryContextReset(cache.context);
    else
        cache.context = AllocSetContextCreate(CacheMemoryContext, "analytics contracts", ALLOCSET_SMALL_SIZES);
    cache.contracts = is_there ? read_contracts(schema, cache.context) : make_owned<core::Contracts>(cache.context);
}

} // namespace

SessionContracts session_contracts(const ExtensionSchema &schema)
{
    const Oid table = added_relation_in(schema, table_name);
    const std::uint64_t generation = watch.generation(table);
    if (cache.contracts == nullptr || cache.generation != generation) {
        renew(schema, OidIsValid(table));
        cache.generation = generation;
    }
    return {cache.contracts, cache.generation};
}

} // namespace analytics::pg
