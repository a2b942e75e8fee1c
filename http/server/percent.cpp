#include "percent.hpp"

#include "../../extension/core/text/percent.hpp"
#include "../../runtime/json.hpp"

namespace analytics::http {

std::optional<std::string> percent_decoded(std::string_view text)
{
    std::optional<std::string> decoded = core::percent_decoded(text);
    if (decoded && (decoded->find('\0') != std::string::npos || !runtime::is_utf8(*decoded))) return std::nullopt;
    return decoded;
}

} // namespace analytics::http
