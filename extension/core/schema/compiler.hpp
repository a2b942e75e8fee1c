/* Compiles a schema, subschema by subschema, in the order in which they are met; nothing here recurses.
 *
 * The first fault is kept, and ends the work. Keywords are taken in the order of the table (keywords.cpp), not in that
 * of the schema's members: properties get their slots first. */
#pragma once

#include "budget.hpp"
#include "comparer.hpp"
#include "schema.hpp"
#include "value.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace analytics::core::schema {

constexpr bool is_schema(Kind kind) noexcept
{
    return kind == Kind::object || kind == Kind::boolean_true || kind == Kind::boolean_false;
}

/** A keyword's value, where it stands. */
struct KeywordValue {
    std::string_view keyword;
    std::uint32_t at; // its node on the schema's tape
};

class Compiler {
public:
    explicit Compiler(std::unique_ptr<const Document> document);

    std::variant<Schema, SchemaFault> compile();

    /** Keeps the first fault. */
    void refuse(const KeywordValue &value, std::string_view message);

    const Node &operator[](std::uint32_t at) const noexcept { return (*schema_.document)[at]; }

    /** The subschema that stands there; it is compiled later. */
    Id subschema(const KeywordValue &value, std::uint32_t at);
    Id subschema(const KeywordValue &value) { return subschema(value, value.at); }
    /** Those of an array, which must have some. */
    std::vector<Id> subschemas(const KeywordValue &value);
    Id pattern(const KeywordValue &value, std::string_view text);
    Id reference(const KeywordValue &value);

    std::optional<std::uint32_t> count(const KeywordValue &value);
    std::optional<Number> number(const KeywordValue &value);
    bool expect(const KeywordValue &value, Types types, std::string_view message);

    /** An object's members as jsonb orders them; none when it is no object, which is refused. */
    std::vector<Member> members(const KeywordValue &value);
    std::uint32_t node_of(const Member &member) const noexcept;

    /** The names in an array, each once. */
    std::vector<std::string_view> names(const KeywordValue &value, std::uint32_t array);
    std::unique_ptr<Constants> constants(const std::vector<std::uint32_t> &nodes);
    std::vector<std::uint32_t> elements(std::uint32_t array) const;

private:
    void take_keywords(Subschema &subschema);
    void take_unknown(const Subschema &subschema);

    /** Refuses subschemas that apply to their own value for ever, or too often (references.cpp). */
    void check_applications();

    Schema schema_;
    std::vector<Id> ids_; // by node
    std::vector<std::string_view> pattern_texts_;
    std::size_t instructions_ = 0; // of all patterns
    std::optional<SchemaFault> fault_;
    Budget budget_;
    Added nothing_added_;
    Comparer comparer_{budget_, nothing_added_};
};

/** How one keyword is compiled. */
struct Keyword {
    std::string_view name;
    void (*take)(Compiler &, Subschema &, const KeywordValue &);
};

/** Null when the keyword is not supported. */
const Keyword *keyword_named(std::string_view name) noexcept;
/** In the order in which they are taken. */
std::span<const Keyword> all_keywords() noexcept;

} // namespace analytics::core::schema
