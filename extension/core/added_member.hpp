/* A member that is added to a payload before it is stored: a text, or a whole number. It replaces a member of the same
 * name. */
#pragma once

#include "json.hpp"
#include "text/rfc3339.hpp"

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace analytics::core {

struct AddedMember {
    std::string_view name;
    Kind kind = Kind::string; // or number
    std::uint8_t size = 0;
    char bytes[sizeof IsoText::bytes] = {};

    AddedMember() = default;
    AddedMember(std::string_view member, const IsoText &time) noexcept : name(member), size(time.size)
    {
        std::memcpy(bytes, time.bytes, sizeof bytes);
    }
    AddedMember(std::string_view member, std::int32_t number) noexcept : name(member), kind(Kind::number)
    {
        size = static_cast<std::uint8_t>(std::to_chars(bytes, bytes + sizeof bytes, number).ptr - bytes);
    }

    /** The text, or the number's digits. */
    [[nodiscard]] std::string_view view() const noexcept { return {bytes, size}; }
};

} // namespace analytics::core
