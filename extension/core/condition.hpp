/* A shape's conditions: values that members of a record must have.
 *
 *   {"specversion": ["1.0"], "/data/object/kind": ["invoice", "credit"], "live": [true], "level": [1, 2]}
 *
 * Each member of this JSON is a path (member_path.hpp) with the values that it may have: strings, numbers and booleans.
 * Values are compared as in jsonb: of the same type, and numbers by value, so 1.0 is 1. */
#pragma once

#include "exact.hpp"
#include "json.hpp"
#include "member_path.hpp"
#include "reason.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace analytics::core {

/** A string, a number or a boolean. */
struct Scalar {
    Kind kind = Kind::null;
    std::string text{}; // of a string; of a number the digits as written
};

struct Condition {
    MemberPath member{};
    std::vector<Scalar> values{}; // one of these
};

using Conditions = std::vector<Condition>;

/** Reads the JSON above; throws Error for anything else, which the table's trigger refuses. */
Conditions read_conditions(std::string_view json);

/** A condition made ready for many records. Refers to it. */
class Comparison {
public:
    Comparison(const Condition &condition, SlotTable &slots);

    [[nodiscard]] bool holds(const Document &document, const Members &members) const;

    /** What a record lacks for which it does not hold: 'must be "1.0"', or "must be one of 1, 2, true". */
    [[nodiscard]] Lack lack() const;

private:
    struct Wanted {
        const Scalar *scalar = nullptr;
        ExactNumber number{}; // of a number
    };

    static bool equals(const Wanted &wanted, const Node &node);

    const std::string *member_;
    Place place_;
    std::vector<Wanted> values_{};
};

} // namespace analytics::core
