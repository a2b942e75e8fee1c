#include "ndjson.hpp"

#include "../../extension/core/text/ascii.hpp"

namespace analytics::http {

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
