#include "saved_statement.hpp"

#include "statement.hpp"

extern "C" {
#include "nodes/params.h"
}

#include <cstring>

namespace analytics::pg {

/* A plan for the schema's former name is not freed: it may be running in an outer statement. A schema is rarely
 * renamed. */
void SavedStatement::prepare(const ExtensionSchema &schema)
{
    if (plan_ != nullptr && std::strcmp(prefix_.data(), schema.prefix) == 0) return;
    const int planning = planned_ == Planned::once ? CURSOR_OPT_GENERIC_PLAN : CURSOR_OPT_CUSTOM_PLAN;
    const SPIPlanPtr plan =
        SPI_prepare_cursor(statement_text(schema, text_), static_cast<int>(parameters_), types_.data(), planning);
    if (plan == nullptr) elog(ERROR, "statement could not be prepared: %s", SPI_result_code_string(SPI_result));
    SPI_keepplan(plan);
    plan_ = plan;
    strlcpy(prefix_.data(), schema.prefix, prefix_.size());
}

void SavedStatement::run(const ExtensionSchema &schema, std::initializer_list<NullableDatum> values,
                         RowReceiver &&receiver)
{
    prepare(schema);
    const ParamListInfo parameters = makeParamList(static_cast<int>(parameters_));
    for (std::size_t i = 0; i < parameters_; ++i) {
        ParamExternData &parameter = parameters->params[i];
        parameter.value = values.begin()[i].value;
        parameter.isnull = values.begin()[i].isnull;
        parameter.pflags = PARAM_FLAG_CONST;
        parameter.ptype = types_[i];
    }
    SPIExecuteOptions options{};
    options.params = parameters;
    options.read_only = true; // in the snapshot that is active
    options.dest = receiver.destination();
    const int outcome = SPI_execute_plan_extended(plan_, &options);
    if (outcome < 0) elog(ERROR, "statement failed: %s", SPI_result_code_string(outcome));
    pfree(parameters);
}

} // namespace analytics::pg
