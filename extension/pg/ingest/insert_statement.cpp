#include "insert_statement.hpp"

#include "../border/statement.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/instrument.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "tcop/tcopprot.h"
#include "utils/snapmgr.h"
#include "utils/uuid.h"
}

#include <algorithm>

namespace analytics::pg {
namespace {

constexpr const char *insertion_text =
    "INSERT INTO %sanalytics_events (occurred_at, id, event_type, source, tenant_id, payload) "
    "SELECT occurred_at, id, event_type, source, tenant_id, payload FROM batch "
    "ON CONFLICT (occurred_at, id) DO NOTHING RETURNING occurred_at, id";

/* The statement while it runs, and the row that it is inserting. */
class Insertion {
public:
    static constexpr ReadColumn columns[] = {{"occurred_at", TIMESTAMPTZOID}, {"id", UUIDOID}};

    Insertion(Row *begin, Row *end, RekeyedRows &rekeyed) : next_(begin), end_(end), rekeyed_(rekeyed) {}

    /* From here on every row that the statement reads passes through read(). */
    void watch(QueryDesc *query)
    {
        PlanState *node = query->planstate;
        target_ = node;
        while (!IsA(node, NamedTuplestoreScanState)) {
            node = IsA(node, SubqueryScanState) ? castNode(SubqueryScanState, node)->subplan : outerPlanState(node);
            if (node == nullptr) elog(ERROR, "the plan of an insertion reads no rows");
        }
        read_ = node->ExecProcNodeReal;
        ExecSetExecProcNode(node, [](PlanState *source) {
            auto *const insertion = static_cast<Insertion *>(source->state->es_param_list_info->parserSetupArg);
            return insertion->read(source);
        });
    }

    /* The key of the row that was inserted. */
    bool receive(TupleTableSlot *row)
    {
        stored(DatumGetTimestampTz(row->tts_values[0]), *DatumGetUUIDP(row->tts_values[1]));
        return true;
    }

private:
    TupleTableSlot *read(PlanState *source)
    {
        note_conflict();
        TupleTableSlot *const slot = read_(source);
        if (TupIsNull(slot)) return slot;
        next_ = std::find_if(next_, end_, [](const Row &row) { return row.path == InsertPath::statement; });
        if (next_ == end_) elog(ERROR, "an insertion reads more rows than there are");
        current_ = next_++;
        current_->path = InsertPath::none;
        current_->outcome = Outcome::dropped;
        return slot;
    }

    /* The row before is done: was there a conflict with a row of its key? */
    void note_conflict()
    {
        const double conflicts = target_->instrument->ntuples2;
        if (conflicts > conflicts_) current_->outcome = Outcome::duplicate;
        conflicts_ = conflicts;
    }

    void stored(TimestampTz occurred_at, const pg_uuid_t &id)
    {
        current_->outcome = Outcome::stored;
        if (compare(*current_, occurred_at, id.data) == 0) return;
        Key key{occurred_at, {}};
        std::copy(std::begin(id.data), std::end(id.data), key.id.begin());
        rekeyed_.put(*current_, key);
    }

    Row *next_;
    Row *end_;
    RekeyedRows &rekeyed_;
    Row *current_ = nullptr;
    PlanState *target_ = nullptr;
    ExecProcNodeMtd read_ = nullptr;
    double conflicts_ = 0;
};

PlannedStmt *plan_of(const char *text, QueryEnvironment *environment)
{
    auto *const raw = linitial_node(RawStmt, pg_parse_query(text));
    List *const queries = pg_analyze_and_rewrite_fixedparams(raw, text, nullptr, 0, environment);
    if (list_length(queries) != 1) elog(ERROR, "an insertion is one statement");
    return pg_plan_query(linitial_node(Query, queries), text, CURSOR_OPT_GENERIC_PLAN, nullptr);
}

void run(QueryDesc *query, Insertion &insertion)
{
    ExecutorStart(query, 0);
    insertion.watch(query);
#if PG_VERSION_NUM >= 180000
    ExecutorRun(query, ForwardScanDirection, 0);
#else
    ExecutorRun(query, ForwardScanDirection, 0, true);
#endif
    ExecutorFinish(query);
    ExecutorEnd(query);
    FreeQueryDesc(query);
}

/* The rows whose path is the statement, in their order. */
NamedRows rows_of(TupleDesc description, std::size_t expected_bytes, const Row *begin, const Row *end)
{
    NamedRows rows{"batch", description, expected_bytes};
    TupleTableSlot *const slot = MakeSingleTupleTableSlot(description, &TTSOpsMinimalTuple);
    for (const Row *row = begin; row != end; ++row) {
        CHECK_FOR_INTERRUPTS(); // a row may have megabytes
        if (row->path != InsertPath::statement) continue;
        ExecStoreMinimalTuple(row->tuple, slot, false);
        rows.put(slot);
    }
    ExecDropSingleTupleTableSlot(slot);
    return rows;
}

} // namespace

void insert_by_statement(const ExtensionSchema &schema, TupleDesc description, std::size_t expected_bytes, Row *begin,
                         Row *end, RekeyedRows &rekeyed)
{
    if (std::none_of(begin, end, [](const Row &row) { return row.path == InsertPath::statement; })) return;
    NamedRows rows = rows_of(description, expected_bytes, begin, end);
    QueryEnvironment *const environment = create_queryEnv();
    register_ENR(environment, rows.relation());
    const char *const text = statement_text(schema, insertion_text);

    CommandCounterIncrement();
    PushActiveSnapshot(GetTransactionSnapshot());
    Insertion insertion{begin, end, rekeyed};
    const ParamListInfo no_parameters = makeParamList(0);
    no_parameters->parserSetupArg = &insertion; // where read() finds it
    RowReceiver receiver{insertion};
    run(CreateQueryDesc(plan_of(text, environment), text, GetActiveSnapshot(), InvalidSnapshot, receiver.destination(),
                        no_parameters, environment, INSTRUMENT_ROWS),
        insertion);
    PopActiveSnapshot();
    CommandCounterIncrement();
    rows.end();
}

} // namespace analytics::pg
