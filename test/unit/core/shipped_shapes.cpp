#include "shipped_shapes.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace analytics::core {

namespace {

constexpr const char *install_section = "sql/tables.sql";

/** As much of SQL as a plain INSERT of literals needs: quoted texts, words, and single punctuation marks. */
class Tokens {
public:
    explicit Tokens(std::string_view sql) : rest_(sql) {}

    std::string next()
    {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
        if (rest_.empty()) throw std::runtime_error(std::string(install_section) + " ends too early");
        if (rest_.front() == '\'') return take_quoted();
        return take(std::max<std::size_t>(1, std::min(rest_.find_first_of(" \t\r\n(),;'"), rest_.size())));
    }

    void expect(std::string_view token)
    {
        if (const std::string found = next(); found != token)
            throw std::runtime_error("expected " + std::string(token) + " in " + install_section + ", found " + found);
    }

private:
    std::string take(std::size_t size)
    {
        std::string token(rest_.substr(0, size));
        rest_.remove_prefix(size);
        return token;
    }

    std::string take_quoted()
    {
        std::string text;
        do {
            rest_.remove_prefix(1);
            text += text.empty() ? "" : "'";
            text += take(rest_.find('\''));
            rest_.remove_prefix(1);
        } while (rest_.starts_with('\''));
        return text;
    }

    std::string_view rest_;
};

std::vector<std::string> list(Tokens &tokens)
{
    std::vector<std::string> items;
    tokens.expect("(");
    do items.push_back(tokens.next());
    while (items.push_back(tokens.next()), items.back() == ",");
    if (items.back() != ")") throw std::runtime_error("unexpected " + items.back() + " in " + install_section);
    std::erase(items, ",");
    items.pop_back();
    return items;
}

/** '{a,b}' */
std::vector<std::string> members(std::string_view array)
{
    std::vector<std::string> names;
    array = array.substr(1, array.size() - 2);
    while (!array.empty()) {
        const std::size_t comma = std::min(array.find(','), array.size());
        names.emplace_back(array.substr(0, comma));
        array.remove_prefix(std::min(comma + 1, array.size()));
    }
    return names;
}

Shape shape_of(const std::map<std::string, std::string> &row)
{
    const auto text = [&](const char *column) {
        const auto found = row.find(column);
        return found == row.end() ? std::string{} : found->second;
    };
    const auto list = [&](const char *column) {
        return row.count(column) == 0 ? std::vector<std::string>{} : members(row.at(column));
    };
    const std::vector<std::string> key = list("key_members");
    return {.name = row.at("name"),
            .event_type = text("event_type"),
            .source = text("source"),
            .event_type_member = text("event_type_member"),
            .source_member = text("source_member"),
            .tenant_member = text("tenant_member"),
            .required = members(row.at("required_members")),
            .not_null = list("not_null_members"),
            .null_or_absent = list("null_or_absent_members"),
            .absent = list("absent_members"),
            .conditions = row.count("member_values") == 0 ? Conditions{} : read_conditions(row.at("member_values")),
            .time_member = row.at("time_member"),
            .time_optional = text("time_optional") == "true",
            .iso_member = text("iso_member"),
            .key_members = {key.begin(), key.end()},
            .payload_member = text("payload_member")};
}

void read_rows(Tokens tokens, std::map<int, Shape> &by_position)
{
    const std::vector<std::string> columns = list(tokens);
    tokens.expect("VALUES");
    do {
        const std::vector<std::string> values = list(tokens);
        std::map<std::string, std::string> row;
        for (std::size_t i = 0; i < columns.size(); ++i) row[columns[i]] = values.at(i);
        by_position[std::stoi(row.at("position"))] = shape_of(row);
    } while (tokens.next() == ",");
}

} // namespace

Shapes shipped_shapes()
{
    constexpr std::string_view head = "INSERT INTO @schema@.analytics_shapes";
    std::ifstream file(install_section);
    const std::string sql{std::istreambuf_iterator<char>(file), {}};
    std::map<int, Shape> by_position;
    for (std::size_t at = sql.find(head); at != std::string::npos; at = sql.find(head, at + head.size()))
        read_rows(Tokens(std::string_view(sql).substr(at + head.size())), by_position);
    if (by_position.empty()) throw std::runtime_error(std::string("no shapes in ") + install_section);

    Shapes shapes;
    for (auto &[position, shape] : by_position) shapes.push_back(std::move(shape));
    return shapes;
}

} // namespace analytics::core
