#include "path_template.hpp"

#include "../../extension/core/text/ascii.hpp"

namespace analytics::http {

std::optional<std::vector<std::string_view>> match(std::string_view path_template, std::string_view path)
{
    std::vector<std::string_view> taken;
    while (!path_template.empty() && !path.empty()) {
        const bool is_last = path_template.find('/') == std::string_view::npos;
        if (is_last != (path.find('/') == std::string_view::npos)) return std::nullopt;
        const std::string_view wanted = core::take_until('/', path_template);
        const std::string_view segment = core::take_until('/', path);
        if (wanted.starts_with('{')) {
            if (segment.empty()) return std::nullopt;
            taken.push_back(segment);
        } else if (wanted != segment) {
            return std::nullopt;
        }
    }
    if (path_template.empty() != path.empty()) return std::nullopt;
    return taken;
}

} // namespace analytics::http
