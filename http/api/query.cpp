#include "query.hpp"

#include "../../extension/core/text/ascii.hpp"
#include "../../extension/core/text/percent.hpp"

#include <algorithm>

namespace analytics::http {

namespace {

std::optional<std::string> decoded(std::string_view text)
{
    std::string spaced(text);
    std::replace(spaced.begin(), spaced.end(), '+', ' ');
    return core::percent_decoded_text(spaced);
}

void append_pair(std::string &query, std::string_view name, std::string_view value)
{
    if (!query.empty()) query += '&';
    core::append_percent_encoded(query, name);
    query += '=';
    core::append_percent_encoded(query, value);
}

} // namespace

std::vector<Pair> pairs_of(std::string_view query)
{
    std::vector<Pair> pairs;
    while (!query.empty()) {
        std::string_view value = core::take_until('&', query);
        if (value.empty()) continue;
        const std::string_view name = core::take_until('=', value);
        if (std::optional<std::string> text = decoded(name))
            pairs.push_back({std::move(*text), decoded(value)});
        else
            pairs.push_back({std::string(name), std::nullopt});
    }
    return pairs;
}

std::string query_with(std::string_view query, std::string_view name, std::string_view value)
{
    std::string made;
    for (const Pair &pair : pairs_of(query))
        if (pair.name != name && pair.value) append_pair(made, pair.name, *pair.value);
    append_pair(made, name, value);
    return made;
}

} // namespace analytics::http
