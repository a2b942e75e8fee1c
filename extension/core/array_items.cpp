#include "array_items.hpp"

#include "text/utf8.hpp"

#include <string>

namespace analytics::core {

namespace {

constexpr std::string_view blanks = " \t\r\n";

Refusal no_json(std::string_view what, std::size_t at)
{
    return {Reason::invalid_json, std::string(what) + " at byte " + std::to_string(at)};
}

std::string_view trimmed(std::string_view text)
{
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/** Behind the string whose opening quote stands at that byte, or npos. */
std::size_t past_string(std::string_view text, std::size_t quote)
{
    std::size_t at = text.find_first_of("\"\\", quote + 1);
    while (at != std::string_view::npos && text[at] == '\\') at = text.find_first_of("\"\\", at + 2);
    return at == std::string_view::npos ? at : at + 1;
}

} // namespace

Refusal ArrayItems::split(std::string_view array, std::size_t max_items, const Limits &limits)
{
    items_.clear();
    const std::size_t invalid = first_invalid_utf8(array);
    if (invalid != array.size())
        return {Reason::invalid_utf8, "an ill-formed sequence at byte " + std::to_string(invalid)};
    if (Refusal refusal = cut(array, max_items)) return refusal;
    return items_.size() > max_items ? Refusal{} : judge(array, limits);
}

Refusal ArrayItems::cut(std::string_view array, std::size_t max_items)
{
    std::size_t at = array.find_first_not_of(blanks);
    if (at == std::string_view::npos || array[at] != '[')
        return no_json("missing an array", at < array.size() ? at : 0);
    std::size_t begin = ++at;
    std::vector<bool> open{false}; // which containers are open: true for an object
    while (at < array.size()) {
        const char byte = array[at];
        if (byte == '"') {
            const std::size_t end = past_string(array, at);
            if (end == std::string_view::npos) return no_json("missing a closing quotation mark", array.size());
            at = end;
            continue;
        }
        if (byte == '[' || byte == '{') {
            open.push_back(byte == '{');
        } else if (byte == ']' || byte == '}') {
            if (open.back() != (byte == '}')) return no_json("a bracket of the wrong kind", at);
            open.pop_back();
        }
        if (open.empty() || (byte == ',' && open.size() == 1)) {
            const std::string_view item = trimmed(array.substr(begin, at - begin));
            const bool is_empty_array = open.empty() && items_.empty() && item.empty();
            if (item.empty() && !is_empty_array) return no_json("invalid value", at);
            if (!is_empty_array) items_.push_back(item);
            if (items_.size() > max_items) return {};
            begin = at + 1;
        }
        ++at;
        if (open.empty()) break;
    }
    if (!open.empty()) return no_json("missing a comma or ] after an array element", array.size());
    const std::size_t rest = array.find_first_not_of(blanks, at);
    return rest == std::string_view::npos ? Refusal{} : no_json("something follows the value", rest);
}

Refusal ArrayItems::judge(std::string_view array, const Limits &limits) const
{
    Document document;
    for (const std::string_view item : items_) {
        Refusal refusal = document.read(item, {.max_bytes = array.size(), .max_depth = limits.max_depth});
        if (refusal.reason == Reason::invalid_json) {
            refusal.detail += " of the element that begins at byte " + std::to_string(item.data() - array.data());
            return refusal;
        }
    }
    return {};
}

} // namespace analytics::core
