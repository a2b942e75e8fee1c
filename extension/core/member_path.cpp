#include "member_path.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace analytics::core {

namespace {

/** "a~1b~0" is "a/b~" (RFC 6901, section 4). */
std::string unescaped(std::string_view token)
{
    std::string name;
    for (std::size_t at = 0; at < token.size(); ++at) {
        const bool escape = token[at] == '~' && at + 1 < token.size() && (token[at + 1] == '0' || token[at + 1] == '1');
        name += escape ? (token[++at] == '0' ? '~' : '/') : token[at];
    }
    return name;
}

/** An array's element; a position is digits without a leading zero. */
std::optional<std::uint32_t> element_of(const Document &document, std::uint32_t array,
                                        std::string_view position) noexcept
{
    std::uint32_t wanted = 0;
    const char *const end = position.data() + position.size();
    const auto [stop, error] = std::from_chars(position.data(), end, wanted);
    const bool is_position = error == std::errc{} && stop == end && (position.front() != '0' || position.size() == 1);
    if (!is_position || wanted >= document[array].size) return std::nullopt;
    std::uint32_t node = array + 1;
    for (; wanted > 0; --wanted) node = document[node].end;
    return node;
}

std::optional<std::uint32_t> child_of(const Document &document, std::uint32_t parent, std::string_view token) noexcept
{
    switch (document[parent].kind) {
    case Kind::object:
        return member_of(document, parent, token);
    case Kind::array:
        return element_of(document, parent, token);
    default:
        return std::nullopt;
    }
}

} // namespace

MemberPath::MemberPath(std::string written) : text(std::move(written))
{
    std::string_view rest = text;
    if (!rest.starts_with('/')) {
        if (!rest.empty()) tokens.emplace_back(rest);
        return;
    }
    while (!rest.empty()) {
        rest.remove_prefix(1);
        const std::size_t size = std::min(rest.find('/'), rest.size());
        tokens.push_back(unescaped(rest.substr(0, size)));
        rest.remove_prefix(size);
    }
}

std::optional<std::uint32_t> member_of(const Document &document, std::uint32_t object, std::string_view name) noexcept
{
    const Node *const tape = &document[0]; // one array in document order
    std::optional<std::uint32_t> found;
    const std::uint32_t end = tape[object].end;
    for (std::uint32_t member = object + 1; member < end; member = tape[member + 1].end)
        if (tape[member].view() == name) found = member + 1;
    return found;
}

std::optional<std::uint32_t> node_at(const Document &document, std::uint32_t node,
                                     std::span<const std::string> tokens) noexcept
{
    std::optional<std::uint32_t> found = node;
    for (auto token = tokens.begin(); found && token != tokens.end(); ++token)
        found = child_of(document, *found, *token);
    return found;
}

Place::Place(const MemberPath &path, SlotTable &slots)
    : slot_(slots.add(path.tokens.front())), below_(std::span(path.tokens).subspan(1))
{
}

std::optional<std::uint32_t> Place::find(const Document &document, const Members &members) const noexcept
{
    if (slot_ == SlotTable::none || !members.present(slot_)) return std::nullopt;
    return node_at(document, members.node(slot_), below_);
}

} // namespace analytics::core
