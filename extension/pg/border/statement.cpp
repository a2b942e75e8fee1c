#include "statement.hpp"

extern "C" {
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "nodes/params.h"
#include "utils/queryenvironment.h"
}

#include <algorithm>

namespace analytics::pg {
namespace {

constexpr std::size_t room_per_byte = 4;
constexpr std::size_t bytes_per_kilobyte = 1024;

} // namespace

TupleDesc description_of(std::initializer_list<Column> columns)
{
    const TupleDesc description = CreateTemplateTupleDesc(static_cast<int>(columns.size()));
    AttrNumber number = 0;
    for (const Column &column : columns)
        TupleDescInitEntry(description, ++number, column.name, column.type, column.modifier, 0);
    return description;
}

NamedRows::NamedRows(const char *name, TupleDesc description, std::size_t expected_bytes)
    : name_(name), description_(description),
      store_(tuplestore_begin_heap(
          false, false, std::max(work_mem, static_cast<int>(room_per_byte * expected_bytes / bytes_per_kilobyte))))
{
}

void NamedRows::put(Datum *values, bool *nulls)
{
    tuplestore_putvalues(store_, description_, values, nulls);
    ++count_;
}

void NamedRows::put(TupleTableSlot *slot)
{
    tuplestore_puttupleslot(store_, slot);
    ++count_;
}

EphemeralNamedRelation NamedRows::relation() const
{
    auto *const entry = static_cast<EphemeralNamedRelation>(palloc0(sizeof(EphemeralNamedRelationData)));
    entry->md.name = pstrdup(name_);
    entry->md.tupdesc = description_;
    entry->md.enrtype = ENR_NAMED_TUPLESTORE;
    entry->md.enrtuples = static_cast<double>(count_);
    entry->reldata = store_;
    return entry;
}

void NamedRows::show() const
{
    const int outcome = SPI_register_relation(relation());
    if (outcome != SPI_OK_REL_REGISTER)
        elog(ERROR, "could not register relation \"%s\": %s", name_, SPI_result_code_string(outcome));
}

char *statement_text(const ExtensionSchema &schema, const char *text)
{
    StringInfoData statement;
    initStringInfo(&statement);
    for (const char *rest = text; *rest != '\0'; ++rest) {
        if (rest[0] == '%' && rest[1] == 's') {
            appendStringInfoString(&statement, schema.prefix);
            ++rest;
        } else {
            appendStringInfoChar(&statement, *rest);
        }
    }
    return statement.data;
}

void run_command(const char *text)
{
    const int outcome = SPI_execute(text, false, 0);
    if (outcome < 0) elog(ERROR, "command failed: %s", SPI_result_code_string(outcome));
}

std::uint64_t run_statement(const ExtensionSchema &schema, const char *text,
                            std::initializer_list<Parameter> parameters, RowReceiver *receiver)
{
    char *const statement = statement_text(schema, text);
    SPIExecuteOptions options{};
    options.dest = receiver == nullptr ? None_Receiver : receiver->destination();
    if (parameters.size() > 0) {
        options.params = makeParamList(static_cast<int>(parameters.size()));
        std::transform(parameters.begin(), parameters.end(), options.params->params, [](const Parameter &one) {
            return ParamExternData{one.value, one.is_null, PARAM_FLAG_CONST, one.type};
        });
    }
    const int outcome = SPI_execute_extended(statement, &options);
    if (outcome < 0) elog(ERROR, "statement failed: %s", SPI_result_code_string(outcome));
    pfree(statement);
    return SPI_processed;
}

} // namespace analytics::pg
