/* libpq's connection strings, a URL or keyword=value: checked, and shown without passwords. */
#pragma once

#include <string>
#include <string_view>

namespace analytics::runtime {

/** What is wrong with it, or nothing. Never quotes it: it may hold a password. */
[[nodiscard]] std::string conninfo_fault(std::string_view conninfo);

/** Why libpq would refuse it, together with its PG* variables, before it asks any server; or nothing. Names the
 * keyword, never its value. */
[[nodiscard]] std::string connection_fault(std::string_view conninfo);

/** As a URL with every password as ***. It is made from what libpq parsed, so a password is masked however it was
 * written. */
[[nodiscard]] std::string masked_conninfo(std::string_view conninfo);

} // namespace analytics::runtime
