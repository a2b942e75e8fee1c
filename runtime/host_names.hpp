/* The names by which HTTP clients may call a daemon, as they say it in Host.
 *
 * A browser lets a page talk to a name that its owner has made resolve to 127.0.0.1 (DNS rebinding), and takes the
 * answers for the page's own. What gives such a page away is its name. So only known names are answered: loopback's,
 * the address that is listened on, and those that the operator lists. A page can't make an address resolve to another
 * one, so where a daemon listens beyond loopback it also answers to any address written as one, as probes do. */
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::runtime {

/** uri-host [ ":" port ] of RFC 9110, 7.2. */
struct Authority {
    std::string host; // lower case; an IPv6 address in its shortest form, in brackets; no dot at its end
    std::string port; // digits; empty: none was named
};

/** Nothing when the text is something else: userinfo, blanks, a bad port, brackets around no IPv6 address. */
[[nodiscard]] std::optional<Authority> read_authority(std::string_view text);

class HostNames {
public:
    /** listed: hosts, with a port or for any, a comma list; "*" is any host. listening_on: a name or an address. */
    HostNames(std::string_view listed, std::string_view listening_on);

    [[nodiscard]] bool contain(const Authority &authority) const;

private:
    std::vector<Authority> listed_;
    bool takes_any_ = false;
    bool takes_addresses_ = false;
};

/** What is wrong with such a list, or nothing. */
[[nodiscard]] std::string host_names_fault(std::string_view list);

} // namespace analytics::runtime
