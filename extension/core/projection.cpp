#include "projection.hpp"

#include "json.hpp"
#include "text/quotes.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

namespace analytics::core {
namespace {

constexpr std::uint32_t max_steps = 32;
constexpr std::size_t max_name_bytes = 63; // NAMEDATALEN - 1

constexpr std::array<std::string_view, 4> type_names = {"text", "boolean", "bigint", "numeric"};
constexpr std::array<std::string_view, 2> bucket_columns = {"bucket_start", "tenant_id"};

struct Measured {
    std::string_view suffix;
    std::string_view type;
};
constexpr std::array<Measured, 5> measured = {
    {{"_count", "bigint"}, {"_sum", "numeric"}, {"_avg", "numeric"}, {"_min", "numeric"}, {"_max", "numeric"}}};

std::optional<ValueType> type_of(std::string_view text) noexcept
{
    const auto *const found = std::find(type_names.begin(), type_names.end(), text);
    if (found == type_names.end()) return std::nullopt;
    return static_cast<ValueType>(found - type_names.begin());
}

/* Reads one of the two objects. Its functions return a complaint, or an empty text. */
class FieldsReader {
public:
    FieldsReader(std::string_view kind, ValueType plain_type) : kind_(kind), plain_type_(plain_type) {}

    std::string read(std::string_view json, std::vector<Field> &out)
    {
        if (json.empty()) return {};
        const std::string whole = std::string(kind_) + 's';
        const Refusal refusal = document_.read(json, Limits{});
        if (refusal) return whole + ": " + std::string(refusal.detail);
        if (document_.unstorable()) return whole + ": " + std::string(document_.unstorable().detail);
        if (document_[0].kind != Kind::object) return whole + " must be an object of names and paths";
        for (std::uint32_t i = 1; i < document_.size(); i = document_[i + 1].end) {
            Field field{std::string(document_[i].view()), {}, plain_type_};
            const std::string complaint = read_field(i + 1, field);
            if (!complaint.empty()) return std::string(kind_) + ' ' + in_quotes(field.name) + ": " + complaint;
            out.push_back(std::move(field));
        }
        if (out.size() > max_projection_fields)
            return "there must be at most " + std::to_string(max_projection_fields) + ' ' + whole;
        return {};
    }

private:
    std::string read_field(std::uint32_t node, Field &field)
    {
        if (document_[node].kind == Kind::array) return read_path(node, field);
        if (document_[node].kind != Kind::object) return R"(must be a path, or an object with "path" and "type")";
        for (std::uint32_t i = node + 1; i < document_[node].end; i = document_[i + 1].end) {
            std::string complaint;
            if (document_[i].view() == "path")
                complaint = read_path(i + 1, field);
            else if (document_[i].view() == "type")
                complaint = read_type(i + 1, field);
            else
                complaint = "has an unknown member " + in_quotes(document_[i].view());
            if (!complaint.empty()) return complaint;
        }
        return field.path.empty() ? "has no path" : "";
    }

    std::string read_path(std::uint32_t node, Field &field)
    {
        const bool is_path = document_[node].kind == Kind::array && document_[node].size > 0;
        if (!is_path) return "path must be an array of members' names, the outermost first";
        if (document_[node].size > max_steps) return "path must have at most " + std::to_string(max_steps) + " steps";
        field.path.clear();
        for (std::uint32_t i = node + 1; i < document_[node].end; ++i) {
            if (document_[i].kind != Kind::string) return "path must be an array of texts";
            field.path.emplace_back(document_[i].view());
        }
        return {};
    }

    std::string read_type(std::uint32_t node, Field &field)
    {
        const bool is_measure = plain_type_ == ValueType::numeric;
        const std::optional<ValueType> type =
            document_[node].kind == Kind::string ? type_of(document_[node].view()) : std::nullopt;
        if (is_measure && type != ValueType::numeric) return "type must be numeric";
        if (!type) return "type must be text, boolean, bigint or numeric";
        field.type = *type;
        return {};
    }

    std::string_view kind_;
    ValueType plain_type_;
    Document document_;
};

std::string complaint_about_names(const Projection &projection)
{
    std::set<std::string, std::less<>> names(bucket_columns.begin(), bucket_columns.end());
    for (const ProjectionColumn &column : columns_of(projection)) {
        if (column.name.size() > max_name_bytes) return "the name of column " + in_quotes(column.name) + " is too long";
        if (!names.insert(column.name).second) return "two columns would have the name " + in_quotes(column.name);
    }
    for (const std::vector<Field> *fields : {&projection.dimensions, &projection.measures})
        for (const Field &field : *fields)
            if (field.name.empty()) return "a name must not be empty";
    return {};
}

} // namespace

std::string_view name(ValueType type) noexcept
{
    return type_names.at(static_cast<std::size_t>(type));
}

std::variant<Projection, Complaint> read_projection(std::string_view dimensions, std::string_view measures)
{
    Projection projection;
    std::string complaint = FieldsReader{"dimension", ValueType::text}.read(dimensions, projection.dimensions);
    if (complaint.empty()) complaint = FieldsReader{"measure", ValueType::numeric}.read(measures, projection.measures);
    if (complaint.empty()) complaint = complaint_about_names(projection);
    if (!complaint.empty()) return Complaint{std::move(complaint)};
    return projection;
}

std::vector<ProjectionColumn> columns_of(const Projection &projection)
{
    std::vector<ProjectionColumn> columns;
    for (const Field &dimension : projection.dimensions) columns.push_back({dimension.name, name(dimension.type)});
    columns.push_back({"other", "boolean"});
    columns.push_back({"count", "bigint"});
    columns.push_back({"mismatched", "bigint"});
    for (const Field &measure : projection.measures)
        for (const auto &[suffix, type] : measured) columns.push_back({measure.name + std::string(suffix), type});
    return columns;
}

} // namespace analytics::core
