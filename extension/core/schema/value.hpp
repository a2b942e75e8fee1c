/* A value on a tape, and an object's members as jsonb has them. */
#pragma once

#include "../json.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace analytics::core::schema {

struct Value {
    const Node *tape = nullptr; // its first node; never looked at for a value that has no children
    const Node *node = nullptr;

    [[nodiscard]] const Node &operator*() const noexcept { return *node; }
    [[nodiscard]] const Node *operator->() const noexcept { return node; }

    /** Of an array or object: the nodes between which its children lie. */
    [[nodiscard]] const Node *first() const noexcept { return node + 1; }
    [[nodiscard]] const Node *end() const noexcept { return tape + node->end; }
    /** The node behind a child's subtree. */
    [[nodiscard]] const Node *behind(const Node *child) const noexcept { return tape + child->end; }

    [[nodiscard]] Value child(const Node *at) const noexcept { return {tape, at}; }
};

struct Member {
    std::string_view name;
    const Node *value = nullptr;
    std::uint32_t position = 0; // among the members, as they were read
};

/** Members that one object has beside those on the tape; each replaces the one of its name. */
struct Added {
    const Node *object = nullptr;
    std::span<const Member> members{};

    [[nodiscard]] std::span<const Member> of(const Value &value) const noexcept
    {
        return value.node == object ? members : std::span<const Member>();
    }
};

/** Appends the object's members as jsonb has them: by length, then by bytes, of each name the last. */
void append_members(const Value &object, const Added &added, std::vector<Member> &members);

} // namespace analytics::core::schema
