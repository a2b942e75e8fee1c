#include "compiler.hpp"

#include "../member_path.hpp"
#include "../text/quotes.hpp"
#include "finding.hpp"
#include "limits.hpp"

#include <algorithm>
#include <utility>

namespace analytics::core::schema {

Compiler::Compiler(std::unique_ptr<const Document> document) : ids_(document->size(), no_id)
{
    schema_.document = std::move(document);
    budget_.begin(schema_.document->size());
}

std::variant<Schema, SchemaFault> Compiler::compile()
{
    subschema({"", 0});
    for (std::size_t next = 0; next < schema_.subschemas.size() && !fault_; ++next) {
        Subschema compiled = std::move(schema_.subschemas[next]); // the list grows
        take_keywords(compiled);
        schema_.subschemas[next] = std::move(compiled);
    }
    if (!fault_) check_applications();
    if (!fault_ && budget_.is_exhausted()) refuse({"", 0}, "takes too long to compile");
    if (fault_) return *std::move(fault_);
    return std::move(schema_);
}

void Compiler::take_keywords(Subschema &subschema)
{
    const Kind kind = (*this)[subschema.at].kind;
    subschema.never = kind == Kind::boolean_false;
    if (kind != Kind::object) return;
    take_unknown(subschema);
    for (const Keyword &keyword : all_keywords()) {
        if (fault_) return;
        if (const auto at = member_of(*schema_.document, subschema.at, keyword.name))
            keyword.take(*this, subschema, {keyword.name, *at});
    }
}

void Compiler::take_unknown(const Subschema &subschema)
{
    for (const Member &member : members({"", subschema.at}))
        if (keyword_named(member.name) == nullptr) return refuse({member.name, node_of(member)}, "is not supported");
}

void Compiler::refuse(const KeywordValue &value, std::string_view message)
{
    if (fault_) return;
    fault_ = {pointer_to(*schema_.document, value.at), shortened(storable(value.keyword), longest_expected),
              shortened(storable(message), longest_expected)};
}

Id Compiler::subschema(const KeywordValue &value, std::uint32_t at)
{
    Id &id = ids_[at];
    if (id != no_id) return id;
    if (!is_schema((*this)[at].kind))
        refuse({value.keyword, at}, "must be a schema: an object, true or false");
    else if (schema_.subschemas.size() == most_subschemas)
        refuse({value.keyword, at}, "is one of more than " + std::to_string(most_subschemas) + " schemas");
    if (fault_) return no_id;
    id = static_cast<Id>(schema_.subschemas.size());
    schema_.subschemas.emplace_back().at = at;
    return id;
}

std::vector<Id> Compiler::subschemas(const KeywordValue &value)
{
    std::vector<Id> all;
    if ((*this)[value.at].kind != Kind::array || (*this)[value.at].size == 0)
        refuse(value, "must be an array of schemas");
    else
        for (const std::uint32_t at : elements(value.at)) all.push_back(subschema(value, at));
    return all;
}

Id Compiler::pattern(const KeywordValue &value, std::string_view text)
{
    const auto known = std::find(pattern_texts_.begin(), pattern_texts_.end(), text);
    if (known != pattern_texts_.end()) return static_cast<Id>(known - pattern_texts_.begin());
    if (pattern_texts_.size() == most_patterns)
        refuse(value, "is one of more than " + std::to_string(most_patterns) + " patterns");
    if (fault_) return no_id;
    auto compiled = Pattern::compile(text);
    if (const auto *error = std::get_if<std::string>(&compiled)) {
        refuse(value, "has a pattern that RE2 does not take: " + *error);
        return no_id;
    }
    instructions_ += std::get<Pattern>(compiled).instructions();
    if (instructions_ > most_instructions) {
        refuse(value, "makes the patterns too large; long lists and counted repetitions of \\p{…} do so");
        return no_id;
    }
    pattern_texts_.push_back(text);
    schema_.patterns.push_back(std::get<Pattern>(std::move(compiled)));
    return static_cast<Id>(pattern_texts_.size() - 1);
}

bool Compiler::expect(const KeywordValue &value, Types types, std::string_view message)
{
    const bool fits = (type_of((*this)[value.at].kind) & types) != 0;
    if (!fits) refuse(value, message);
    return fits;
}

std::optional<Number> Compiler::number(const KeywordValue &value)
{
    if (!expect(value, type_of(Kind::number), "must be a number")) return std::nullopt;
    return Number((*this)[value.at].view());
}

std::optional<std::uint32_t> Compiler::count(const KeywordValue &value)
{
    const Node &node = (*this)[value.at];
    const auto count = node.kind == Kind::number ? Number(node.view()).to_count() : std::nullopt;
    if (!count) refuse(value, "must be an integer that is not negative");
    return count;
}

std::vector<Member> Compiler::members(const KeywordValue &value)
{
    std::vector<Member> all;
    if (!expect(value, type_of(Kind::object), "must be an object")) return all;
    append_members({&(*this)[0], &(*this)[value.at]}, nothing_added_, all);
    return all;
}

std::uint32_t Compiler::node_of(const Member &member) const noexcept
{
    return static_cast<std::uint32_t>(member.value - &(*this)[0]);
}

std::vector<std::uint32_t> Compiler::elements(std::uint32_t array) const
{
    std::vector<std::uint32_t> all;
    for (std::uint32_t at = array + 1; at < (*this)[array].end; at = (*this)[at].end) all.push_back(at);
    return all;
}

std::vector<std::string_view> Compiler::names(const KeywordValue &value, std::uint32_t array)
{
    std::vector<std::string_view> all;
    if ((*this)[array].kind == Kind::array)
        for (const std::uint32_t at : elements(array))
            if ((*this)[at].kind == Kind::string) all.push_back((*this)[at].view());
    if ((*this)[array].kind != Kind::array || all.size() != (*this)[array].size) {
        refuse({value.keyword, array}, "must be an array of names");
        return all;
    }
    std::vector<std::string_view> sorted = all;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
        refuse({value.keyword, array}, "must not have a name twice");
    return all;
}

std::unique_ptr<Constants> Compiler::constants(const std::vector<std::uint32_t> &nodes)
{
    auto all = std::make_unique<Constants>();
    for (const std::uint32_t at : nodes) {
        const Value value{&(*this)[0], &(*this)[at]};
        all->kinds |= type_of(value->kind);
        all->entries.push_back({comparer_.hash(value), value.node});
    }
    std::sort(all->entries.begin(), all->entries.end(), [](const auto &a, const auto &b) { return a.hash < b.hash; });
    return all;
}

std::string SchemaFault::text() const
{
    std::string out = keyword.empty() ? "the schema" : in_quotes(keyword);
    ((out += ' ') += message) += " at ";
    return out += in_quotes(pointer);
}

std::variant<Schema, SchemaFault> compile(std::string_view json)
{
    auto document = std::make_unique<Document>();
    const Refusal refusal = document->read(json, {.max_bytes = most_schema_bytes, .max_depth = most_schema_depth});
    if (refusal) return SchemaFault{"", "", "can't be read: " + refusal.detail};
    if (document->unstorable().reason == Reason::unstorable_number)
        return SchemaFault{"", "", "has " + document->unstorable().detail};
    return Compiler(std::move(document)).compile();
}

} // namespace analytics::core::schema
