/* A projection's dimensions and measures: read from an analyst's JSON, checked, and listed as the columns of its view.
 *
 *   dimensions  {"provider": ["provider"], "plan": {"path": ["account", "plan"], "type": "text"}}
 *   measures    {"points": ["experiencePointsEarned"]}
 *
 * A path without a type is a text as a dimension, and a numeric as a measure. Columns are in the order in which they
 * are given. So the JSON is read as text: jsonb would put its members in an order of its own. */
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace analytics::core {

/** The type that a value must have. A value is a mismatch when it has another JSON type, is no whole number of 64 bits
 * for a bigint, or is a text longer than max_dimension_text. */
enum class ValueType : std::uint8_t { text, boolean, bigint, numeric };

inline constexpr std::size_t max_dimension_text = 200;   // characters
inline constexpr std::size_t max_projection_fields = 16; // dimensions, and likewise measures

/** The type's name in SQL. */
std::string_view name(ValueType type) noexcept;

struct Field {
    std::string name;
    std::vector<std::string> path; // as jsonb's #> takes it: members' names, or positions in arrays
    ValueType type = ValueType::text;
};

struct Projection {
    std::vector<Field> dimensions;
    std::vector<Field> measures; // all numeric
};

/** Why and where the JSON is no projection: a message for its author. */
struct Complaint {
    std::string text;
};

/** dimensions and measures: JSON objects, or empty for none. */
std::variant<Projection, Complaint> read_projection(std::string_view dimensions, std::string_view measures);

struct ProjectionColumn {
    std::string name;
    std::string_view type;
};

/** The columns of each row of a bucket and tenant, in order: the dimensions, other, count, mismatched, and for each
 * measure its count, sum, avg, min, max. */
std::vector<ProjectionColumn> columns_of(const Projection &projection);

} // namespace analytics::core
