/* _analytics_schema_fault: why a JSON Schema is refused. analytics_contract_finding: what a payload breaks of one.
 *
 * A call site keeps its schema compiled, as long as it is called with the same bytes. */

#include "../../core/schema/validator.hpp"
#include "../border/arguments.hpp"
#include "../border/boundary.hpp"
#include "../border/jsonb_text.hpp"
#include "../border/owned.hpp"
#include "../border/text.hpp"

#include <string>

namespace analytics::pg {
namespace {

using core::schema::Finding;
using core::schema::Schema;
using core::schema::SchemaFault;

class Judge {
public:
    [[nodiscard]] bool is_of(std::string_view stored) const noexcept { return stored == stored_; }

    /** Empty when the schema is good. */
    const std::string &compile(std::string_view stored, std::string_view json)
    {
        stored_.clear(); // a schema that throws here is compiled again
        auto result = core::schema::compile(json);
        const auto *const fault = std::get_if<SchemaFault>(&result);
        fault_ = fault != nullptr ? fault->text() : "";
        if (fault == nullptr) {
            schema_ = std::get<Schema>(std::move(result));
            stored_ = stored;
        }
        return fault_;
    }

    /** Why the payload can't be read; empty when it was judged. */
    const std::string &judge(std::string_view json)
    {
        constexpr core::Limits largest{.max_bytes = std::size_t{256} << 20, .max_depth = UINT32_MAX};
        fault_ = payload_.read(json, largest).detail;
        if (fault_.empty()) finding_ = validator_.check(schema_, payload_, 0);
        return fault_;
    }

    [[nodiscard]] const std::optional<Finding> &finding() const noexcept { return finding_; }

private:
    std::string stored_;
    Schema schema_;
    std::string fault_;
    core::Document payload_;
    core::schema::Validator validator_{&is_canceled};
    std::optional<Finding> finding_;
};

/** The call site's; made with its first call. */
Judge &judge_of(FunctionCallInfo fcinfo)
{
    if (fcinfo->flinfo->fn_extra == nullptr) fcinfo->flinfo->fn_extra = make_owned<Judge>(fcinfo->flinfo->fn_mcxt);
    return *static_cast<Judge *>(fcinfo->flinfo->fn_extra);
}

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_schema_fault)
{
    using namespace analytics::pg;
    const std::string_view json = json_of(PG_GETARG_DATUM(0));
    auto *const fault = make_owned<std::string>(CurrentMemoryContext);
    guarded([&] {
        const auto result = analytics::core::schema::compile(json);
        if (const auto *const refused = std::get_if<SchemaFault>(&result)) *fault = refused->text();
    });
    if (fault->empty()) PG_RETURN_NULL();
    return text_of(*fault);
}

ANALYTICS_FUNCTION(analytics_contract_finding)
{
    using namespace analytics::pg;
    const TupleDesc type = result_type(fcinfo);
    Judge &judge = judge_of(fcinfo);
    const Datum schema = JsonbPGetDatum(PG_GETARG_JSONB_P(0));
    const std::string_view stored = detoasted_bytes(schema);
    if (!judge.is_of(stored)) {
        const std::string_view json = json_of(schema);
        const char *const fault = guarded([&] { return judge.compile(stored, json).c_str(); });
        if (*fault != '\0')
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("JSON Schema refused: %s", fault)));
    }
    const std::string_view payload = json_of(PG_GETARG_DATUM(1));
    const char *const fault = guarded([&] { return judge.judge(payload).c_str(); });
    if (*fault != '\0')
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("the payload can't be judged: %s", fault)));

    const std::optional<Finding> &finding = judge.finding();
    Datum values[3] = {};
    bool nulls[3] = {true, true, true};
    if (finding) {
        values[0] = text_of(finding->pointer);
        values[1] = text_of(finding->keyword);
        values[2] = text_of(finding->expected);
        nulls[0] = nulls[1] = nulls[2] = false;
    }
    return row_of(type, values, nulls);
}
