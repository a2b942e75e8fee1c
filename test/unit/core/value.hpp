/* A JSON value to compare by: numbers keep their digits, members are sorted, of duplicates the last stays.
 *
 * It is made in two ways that share no code: from our tape, and by RapidJSON's own reader (the oracle). */
#pragma once

#include "../../../extension/core/normalize.hpp"

#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::core {

struct Value {
    Kind kind = Kind::null;
    std::string text; // a string's characters, a number's digits as written
    std::vector<Value> elements;
    std::map<std::string, Value> members;

    bool operator==(const Value &other) const;
};

Value value_of(const Document &document, std::uint32_t node);
Value value_of(const Document &document, const Payload &payload);

/** By RapidJSON; throws when it refuses the text. */
Value parsed(std::string_view json);

std::string printed(const Value &value);
void PrintTo(const Value &value, std::ostream *out);

} // namespace analytics::core
