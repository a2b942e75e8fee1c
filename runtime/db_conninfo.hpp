/* What libpq connects with: a URL or keyword=value text, checked, and shown without its passwords. */
#pragma once

#include <string>
#include <string_view>

namespace analytics::runtime {

/** What is wrong with it, or nothing. Never quotes it: it holds a password. */
[[nodiscard]] std::string conninfo_fault(std::string_view conninfo);

/** What libpq would have against it, together with its PG* variables, before it asks any server; or nothing. Names the
 * keyword, never its value. */
[[nodiscard]] std::string connection_fault(std::string_view conninfo);

/** As a URL with every password as ***, made anew from what libpq understood, so that no way of writing a password
 * slips through. */
[[nodiscard]] std::string masked_conninfo(std::string_view conninfo);

} // namespace analytics::runtime
