/* A payload judged by a schema, both as texts: "" when it holds, else the finding as '"pointer" keyword expected'. Also
 * for the fuzz target. */
#pragma once

#include "../../../extension/core/schema/validator.hpp"

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace analytics::core::schema {

inline Schema compiled(std::string_view json)
{
    auto result = compile(json);
    if (const auto *fault = std::get_if<SchemaFault>(&result)) throw std::invalid_argument(fault->text());
    return std::get<Schema>(std::move(result));
}

/** "" when the schema is good. */
inline std::string fault_of(std::string_view json)
{
    const auto result = compile(json);
    const auto *fault = std::get_if<SchemaFault>(&result);
    return fault != nullptr ? fault->text() : "";
}

inline std::string shown(const std::optional<Finding> &finding)
{
    return finding ? '"' + finding->pointer + "\" " + std::string(finding->keyword) + ' ' + finding->expected : "";
}

inline std::string judged(const Schema &schema, std::string_view payload, std::span<const AddedMember> added = {})
{
    Document document;
    if (document.read(payload, {.max_bytes = std::size_t{1} << 26, .max_depth = 1024}))
        throw std::invalid_argument("the payload is no JSON");
    Validator validator;
    return shown(validator.check(schema, document, 0, added));
}

inline std::string judged(std::string_view schema, std::string_view payload, std::span<const AddedMember> added = {})
{
    return judged(compiled(schema), payload, added);
}

} // namespace analytics::core::schema
