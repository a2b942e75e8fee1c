/* A compiled schema: JSON Schema, draft 2020-12, as plain data that the validator walks.
 *
 * Each subschema has the rules for each kind of value, so a string costs nothing for what the schema says of objects.
 * Names of members have slots (slots.hpp), so an object is walked once, whatever the number of its properties.
 *
 * Supported: what doc/design/contracts.md lists. Everything else is refused when the schema is compiled, with its name
 * and its place, for a word that nobody judges is a promise that nobody keeps. References point into the same schema.
 *
 * A schema keeps its own tape: the constants, and the text of each keyword that a finding shows. */
#pragma once

#include "../json.hpp"
#include "../slots.hpp"
#include "number.hpp"
#include "pattern.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace analytics::core::schema {

/** Of a subschema, or of a pattern: its index. */
using Id = std::uint32_t;
constexpr Id no_id = ~Id{0};

/** A bit for each kind of value, and one for "integer", which is no kind. */
using Types = std::uint8_t;
constexpr Types any_type = 0xFF;
constexpr Types integer_type = 0x80;
constexpr Types type_of(Kind kind) noexcept
{
    // True and false are one type.
    return static_cast<Types>(1U << static_cast<unsigned>(kind == Kind::boolean_true ? Kind::boolean_false : kind));
}

/** The values of enum or const, sorted by hash. */
struct Constants {
    struct Entry {
        std::uint64_t hash;
        const Node *node; // on the schema's tape
    };
    Types kinds = 0;
    std::vector<Entry> entries;
};

struct NumberRules {
    std::optional<Number> minimum, exclusive_minimum, maximum, exclusive_maximum;
    std::optional<Divisor> multiple_of;
};

/** A least and a greatest count. */
struct Range {
    static constexpr std::uint32_t unlimited = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t least = 0;
    std::uint32_t most = unlimited;
};

struct StringRules {
    Range length; // characters
    Id pattern = no_id;
};

struct ArrayRules {
    Range size;
    bool unique = false;
    std::vector<Id> prefix;
    Id items = no_id;
    Id contains = no_id;
    std::optional<std::uint32_t> least_contained; // 1 unless it is said
    std::uint32_t most_contained = Range::unlimited;
};

struct ObjectRules {
    struct Property {
        Slot slot;
        std::string_view name;
        Id schema;
    };
    struct Required {
        Slot slot;
        std::string_view name;
    };
    struct Dependent {
        Slot slot;
        std::vector<Required> required;
        Id schema = no_id;
    };
    struct PatternProperty {
        Id pattern;
        Id schema;
    };

    SlotTable names;
    Slot property_slots = 0; // the slots below are properties'
    Range size;
    std::vector<Property> properties; // as jsonb orders names
    std::vector<Required> required;
    std::vector<Dependent> dependent_required, dependent_schemas; // likewise
    std::vector<PatternProperty> pattern_properties;              // likewise
    Id additional = no_id;
    Id property_names = no_id;
};

/** Subschemas that judge the same value. */
struct Applicators {
    Id reference = no_id;
    std::vector<Id> all, any, one;
    Id negated = no_id;
    Id condition = no_id, consequence = no_id, alternative = no_id; // if, then, else
};

struct Subschema {
    std::uint32_t at = 0; // its node on the schema's tape
    bool never = false;   // the schema "false"
    Types types = any_type;
    std::unique_ptr<Constants> constant, choices; // const, enum
    std::unique_ptr<NumberRules> numbers;
    std::unique_ptr<StringRules> strings;
    std::unique_ptr<ArrayRules> arrays;
    std::unique_ptr<ObjectRules> objects;
    std::unique_ptr<Applicators> applicators;
};

/** Made by compile only. It can be moved. */
struct Schema {
    std::unique_ptr<const Document> document;
    std::vector<Subschema> subschemas; // the first is the whole
    std::vector<Pattern> patterns;
};

/** Why a schema is refused: short texts that a database can hold. */
struct SchemaFault {
    std::string pointer; // JSON Pointer into the schema
    std::string keyword; // empty when it is none
    std::string message; // "must be …", "is not supported"

    /** As one sentence: '"minLength" must be a number … at "/properties/id/minLength"'. */
    [[nodiscard]] std::string text() const;
};

/** Never throws for a bad schema, only std::bad_alloc. */
std::variant<Schema, SchemaFault> compile(std::string_view json);

} // namespace analytics::core::schema
