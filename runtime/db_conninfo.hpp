/* What libpq connects with: a URL or keyword=value text, checked, shown without its passwords, and the session's
 * server settings that go with it. */
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace analytics::runtime {

/** What is wrong with it, or nothing. Never quotes it: it holds a password. */
[[nodiscard]] std::string conninfo_fault(std::string_view conninfo);

/** What libpq would have against it, together with its PG* variables, before it asks any server; or nothing. Names the
 * keyword, never its value. */
[[nodiscard]] std::string connection_fault(std::string_view conninfo);

/** As a URL with every password as ***, made anew from what libpq understood, so that no way of writing a password
 * slips through. */
[[nodiscard]] std::string masked_conninfo(std::string_view conninfo);

/** libpq's "options": those of the conninfo, else of PGOPTIONS, then settings as -c name=value. */
[[nodiscard]] std::string session_options(std::string_view conninfo,
                                          std::span<const std::pair<std::string, std::string>> settings);

} // namespace analytics::runtime
