#include "value.hpp"

#include <algorithm>
#include <iterator>

namespace analytics::core::schema {

void append_members(const Value &object, const Added &added, std::vector<Member> &members)
{
    const auto size = static_cast<std::ptrdiff_t>(members.size());
    std::uint32_t position = 0;
    for (const Node *name = object.first(); name < object.end(); name = object.behind(name + 1))
        members.push_back({name->view(), name + 1, position++});
    for (const Member &member : added.of(object)) members.push_back({member.name, member.value, position++});

    const auto begin = members.begin() + size;
    std::sort(begin, members.end(), [](const Member &a, const Member &b) {
        if (a.name.size() != b.name.size()) return a.name.size() < b.name.size();
        const int order = a.name.compare(b.name);
        return order != 0 ? order < 0 : a.position < b.position;
    });
    const auto last = std::unique(members.rbegin(), std::make_reverse_iterator(begin),
                                  [](const Member &a, const Member &b) { return a.name == b.name; });
    members.erase(begin, last.base());
}

} // namespace analytics::core::schema
