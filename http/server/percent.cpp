#include "percent.hpp"

#include "../../extension/core/text/percent.hpp"
#include "../../extension/core/text/utf8.hpp"

namespace analytics::http {

std::optional<std::string> percent_decoded(std::string_view text)
{
    std::optional<std::string> decoded = core::percent_decoded(text);
    if (decoded && !core::is_storable_text(*decoded)) return std::nullopt;
    return decoded;
}

} // namespace analytics::http
