#include "upcaster.hpp"

#include "../border/identity.hpp"
#include "../border/subtransaction.hpp"
#include "event_version.hpp"
#include "upcast_function.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/params.h"
#include "optimizer/optimizer.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
}

#include <algorithm>
#include <array>
#include <cstring>

namespace analytics::pg {
// NOLINTBEGIN(cppcoreguidelines-pro-type-union-access): jsonb's values are unions
namespace {

constexpr char upcast_path[] = "pg_catalog, pg_temp";

/* Runs the work with the search_path of upcasts. After an error the end of the (sub)transaction resets it. */
template <class Work> void with_upcast_path(Work work)
{
    if (namespace_search_path != nullptr && std::strcmp(namespace_search_path, upcast_path) == 0) return work();
    const int level = NewGUCNestLevel();
    set_config_option("search_path", upcast_path, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    work();
    AtEOXact_GUC(true, level);
}

/* The object with the member "version". */
Datum with_version(Datum object, core::Version version)
{
    static constexpr std::string_view name = "version";
    JsonbParseState *state = nullptr;
    JsonbValue key{};
    key.type = jbvString;
    key.val.string.val = const_cast<char *>(name.data()); // NOLINT(cppcoreguidelines-pro-type-const-cast): not written
    key.val.string.len = static_cast<int>(name.size());
    JsonbValue number{};
    number.type = jbvNumeric;
    number.val.numeric = int64_to_numeric(version);
    pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    pushJsonbValue(&state, WJB_KEY, &key);
    pushJsonbValue(&state, WJB_VALUE, &number);
    JsonbValue *const member = pushJsonbValue(&state, WJB_END_OBJECT, nullptr);
    return DirectFunctionCall2(jsonb_concat, object, JsonbPGetDatum(JsonbValueToJsonb(member)));
}

/* Whether the upcast or the payload is to blame, so that the same would come of them again. */
bool is_of_the_upcast(const ErrorData &error) noexcept
{
    constexpr std::array<std::string_view, 5> of_the_server{"08", "40", "53", "57", "58"};
    if (error.sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE) return false;
    const std::string_view state_class(unpack_sql_state(error.sqlerrcode), 2);
    return std::find(of_the_server.begin(), of_the_server.end(), state_class) == of_the_server.end();
}

bool is_object(Datum jsonb)
{
    const Jsonb *const document = DatumGetJsonbP(jsonb);
    return JB_ROOT_IS_OBJECT(document);
}

} // namespace
// NOLINTEND(cppcoreguidelines-pro-type-union-access)

/* The planned call of one step, in a memory context of its own; null before it is planned. */
struct Upcaster::Call {
    MemoryContext memory;
    ExprState *state;
    ExprContext *context;
    ParamListInfo payload;
};

Datum Upcaster::latest(std::string_view event_type, Datum payload)
{
    const std::size_t first = first_step(event_type, payload);
    return first == chain_.steps().size() ? payload : upcast(first, payload);
}

Datum Upcaster::latest_or_stored(std::string_view event_type, Datum payload)
{
    const std::size_t first = first_step(event_type, payload);
    if (first == chain_.steps().size()) return payload;
    Datum result = payload;
    ErrorData *const error = run_in_subtransaction([&] { result = upcast(first, payload); });
    if (error == nullptr) return result;
    forget_call();
    if (!is_of_the_upcast(*error)) ReThrowError(error);
    FreeErrorData(error);
    return payload;
}

std::size_t Upcaster::first_step(std::string_view event_type, Datum payload) const
{
    const std::size_t none = chain_.steps().size();
    if (none == 0) return none;
    const std::optional<core::VersionSuffix> suffix = core::version_suffix(event_type);
    const std::string_view type = suffix ? suffix->event_type : event_type;
    if (!chain_.knows(type)) return none;
    return chain_.find(type, event_version(event_type, payload));
}

Datum Upcaster::upcast(std::size_t first, Datum payload)
{
    if (memory_ == nullptr) {
        const MemoryContext memory = AllocSetContextCreate(context_, "analytics upcasts", ALLOCSET_SMALL_SIZES);
        calls_ = static_cast<Call *>(MemoryContextAllocZero(memory, sizeof(Call) * chain_.steps().size()));
        results_ = AllocSetContextCreate(memory, "analytics upcast payloads", ALLOCSET_DEFAULT_SIZES);
        role_ = upcast_role(schema_);
        memory_ = memory;
    }
    MemoryContextReset(results_);
    const MemoryContext outer = MemoryContextSwitchTo(results_);
    with_identity_of(
        role_, [&] { with_upcast_path([&] { payload = follow(first, payload); }); },
        SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    MemoryContextSwitchTo(outer);
    return payload;
}

/* From step to step, while each takes the version that the one before has made. */
Datum Upcaster::follow(std::size_t first, Datum payload)
{
    const std::vector<core::UpcastStep> &steps = chain_.steps();
    for (current_ = first; current_ < steps.size(); ++current_) {
        const core::UpcastStep &step = steps[current_];
        if (step.event_type != steps[first].event_type ||
            static_cast<std::size_t>(step.version - steps[first].version) != current_ - first)
            break;
        const Call &call = prepared(current_);
        call.payload->params[0].value = payload;
        bool is_null = false;
        const Datum made = ExecEvalExprSwitchContext(call.state, call.context, &is_null);
        if (is_null || !is_object(made))
            ereport(ERROR,
                    (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                     errmsg("the upcast of \"%s\" version %d made no object", step.event_type.c_str(), step.version)));
        payload = with_version(made, step.version + 1);
        ResetExprContext(call.context);
    }
    return payload;
}

const Upcaster::Call &Upcaster::prepared(std::size_t step)
{
    Call &call = calls_[step];
    if (call.state != nullptr) return call;
    const std::string &name = chain_.steps()[step].function;
    const Oid function = upcast_function(name, role_);
    if (!OidIsValid(function)) refuse_upcast(name);

    call.memory = AllocSetContextCreate(memory_, "analytics upcast", ALLOCSET_SMALL_SIZES);
    const MemoryContext outer = MemoryContextSwitchTo(call.memory);
    auto *const argument = makeNode(Param);
    argument->paramkind = PARAM_EXTERN;
    argument->paramid = 1;
    argument->paramtype = JSONBOID;
    argument->paramtypmod = -1;
    argument->location = -1;
    auto *const expression = reinterpret_cast<Expr *>(
        makeFuncExpr(function, JSONBOID, list_make1(argument), InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL));
    EState *const executor = CreateExecutorState();
    MemoryContextSwitchTo(executor->es_query_cxt);
    call.context = CreateExprContext(executor);
    call.payload = makeParamList(1);
    call.payload->params[0] = {0, false, PARAM_FLAG_CONST, JSONBOID};
    call.context->ecxt_param_list_info = call.payload;
    call.state = ExecInitExprWithParams(expression_planner(expression), call.payload);
    MemoryContextSwitchTo(outer);
    return call;
}

/* Of the step that has failed: its call may be half done. */
void Upcaster::forget_call()
{
    if (memory_ == nullptr || current_ >= chain_.steps().size()) return;
    Call &call = calls_[current_];
    if (call.memory != nullptr) MemoryContextDelete(call.memory);
    call = {};
}

} // namespace analytics::pg
