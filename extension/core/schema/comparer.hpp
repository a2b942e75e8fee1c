/* Equality of JSON values, and hashes that agree with it.
 *
 * Numbers are equal when they are the same number, objects whatever the order of their members, of duplicates the last
 * counts. Every look costs steps. When they are used up, the answers mean nothing, and the caller finds the budget
 * exhausted. */
#pragma once

#include "budget.hpp"
#include "value.hpp"

#include <cstdint>
#include <vector>

namespace analytics::core::schema {

class Comparer {
public:
    Comparer(Budget &budget, const Added &added) : budget_(budget), added_(added) {}

    bool equal(const Value &a, const Value &b);
    std::uint64_t hash(const Value &value);

    /** Whether two elements of the array are equal. */
    bool has_duplicates(const Value &array);

private:
    struct Hashed {
        std::uint64_t hash;
        const Node *node;
    };

    bool equal_arrays(const Value &a, const Value &b);
    bool equal_objects(const Value &a, const Value &b);

    /** The members of an object, on top of members_; gives back where they begin. */
    std::size_t push_members(const Value &object);

    Budget &budget_;
    const Added &added_;
    std::vector<Member> members_; // a stack: of the objects that are being compared
    std::vector<Hashed> elements_;
};

} // namespace analytics::core::schema
