#include "body.hpp"

#include "../../extension/core/text/ascii.hpp"

namespace analytics::http {

Form form_of(std::string_view content_type, std::string_view body) noexcept
{
    const std::string_view type = core::trimmed(core::take_until(';', content_type));
    if (core::equals_ignoring_case(type, "application/x-ndjson")) return Form::lines;
    if (!core::equals_ignoring_case(type, "application/json")) return Form::none;
    const std::size_t first = body.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && body[first] == '[' ? Form::array : Form::object;
}

std::vector<std::string_view> records_of_lines(std::string_view body, std::size_t max_records)
{
    std::vector<std::string_view> records;
    while (!body.empty() && records.size() <= max_records) {
        std::string_view line = core::take_until('\n', body);
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        if (line.back() == '\r') line.remove_suffix(1);
        records.push_back(line);
    }
    return records;
}

} // namespace analytics::http
