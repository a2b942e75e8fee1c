/* What a projection is made of: its dimensions and measures, read from the JSON in which an analyst gives them, judged,
 * and laid out as the columns of its view.
 *
 *   dimensions  {"provider": ["provider"], "plan": {"path": ["account", "plan"], "type": "text"}}
 *   measures    {"points": ["experiencePointsEarned"]}
 *
 * A path alone is a text for a dimension and a numeric for a measure. Columns stand in the order in which they are
 * given, so the JSON is read as text: jsonb would have put its members in an order of its own. */
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace analytics::core {

/** What a value must be to count: of another JSON type, or a bigint that is no whole number of 64 bits, or a text longer
 * than max_dimension_text, and it is a mismatch. */
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

/** Why JSON is no projection, and where; a message for whoever wrote it. */
struct Complaint {
    std::string text;
};

/** dimensions and measures: JSON objects, or nothing for none. */
std::variant<Projection, Complaint> read_projection(std::string_view dimensions, std::string_view measures);

struct ProjectionColumn {
    std::string name;
    std::string_view type;
};

/** The columns of each row of a bucket and tenant, in order: the dimensions, other, count, mismatched, and for each measure its count, sum, avg, min, max. */
std::vector<ProjectionColumn> columns_of(const Projection &projection);

} // namespace analytics::core
