/* A text as messages show it. */
#pragma once

#include <string>
#include <string_view>

namespace analytics::core {

[[nodiscard]] inline std::string in_quotes(std::string_view text)
{
    return '"' + std::string(text) + '"';
}

} // namespace analytics::core
