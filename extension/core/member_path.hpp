/* A value in a record, by its path: what a shape reads its type, source, tenant, time, key and payload from, and what
 * its conditions compare.
 *
 * Written, a path is the name of a top-level member, or, when it begins with a slash, a JSON Pointer (RFC 6901):
 * "type", "/data/object/id", "/items/0/sku". A name with a slash at its beginning is written as a pointer: "/~1x". */
#pragma once

#include "json.hpp"
#include "slots.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::core {

struct MemberPath {
    std::string text{};                // as it was written; empty: there is no path
    std::vector<std::string> tokens{}; // members' names, or positions in arrays; the first is a top-level member

    MemberPath() = default;
    MemberPath(std::string written); // NOLINT(google-explicit-constructor): a shape is written as plain texts
    MemberPath(const char *written) : MemberPath(std::string(written)) {} // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool empty() const noexcept { return tokens.empty(); }
};

/** The value of an object's member of that name, of duplicates the last; nothing without one. */
std::optional<std::uint32_t> member_of(const Document &document, std::uint32_t object, std::string_view name) noexcept;

/** The value that the tokens lead to from a node; nothing without one. */
std::optional<std::uint32_t> node_at(const Document &document, std::uint32_t node,
                                     std::span<const std::string> tokens) noexcept;

/** A path whose first token has become a slot. Refers to the path's tokens. */
class Place {
public:
    /** A place that no record has. */
    Place() = default;
    Place(const MemberPath &path, SlotTable &slots);

    /** The value's node; nothing when the record has no such value. */
    [[nodiscard]] std::optional<std::uint32_t> find(const Document &document, const Members &members) const noexcept;

private:
    Slot slot_ = SlotTable::none;
    std::span<const std::string> below_{};
};

} // namespace analytics::core
