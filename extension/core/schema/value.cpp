#include "value.hpp"

#include "../member_order.hpp"

#include <cstddef>

namespace analytics::core::schema {

void append_members(const Value &object, const Added &added, std::vector<Member> &members)
{
    const auto size = static_cast<std::ptrdiff_t>(members.size());
    std::uint32_t position = 0;
    for (const Node *name = object.first(); name < object.end(); name = object.behind(name + 1))
        members.push_back({name->view(), name + 1, position++});
    for (const Member &member : added.of(object)) members.push_back({member.name, member.value, position++});

    members.erase(members.begin() + size, order_as_jsonb(members.begin() + size, members.end()));
}

} // namespace analytics::core::schema
