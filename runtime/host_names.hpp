/* The host names that HTTP clients may use for a daemon in the Host header.
 *
 * A page's owner can make its name resolve to 127.0.0.1 (DNS rebinding). The browser then lets the page read our
 * answers. Only the name shows that. So only known names are answered: loopback's, the address that we listen on,
 * and those that the operator lists. An IP address can't be made to resolve to another one: where a daemon listens
 * beyond loopback, any IP address is answered too, as probes use it. */
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::runtime {

/** uri-host [ ":" port ] of RFC 9110, 7.2. */
struct Authority {
    std::string host; // lower case; an IPv6 address in its shortest form, in brackets; no dot at its end
    std::string port; // digits; empty: none was given
};

/** Nothing when the text is something else: userinfo, blanks, an invalid port, brackets around no IPv6 address. */
[[nodiscard]] std::optional<Authority> read_authority(std::string_view text);

class HostNames {
public:
    /** listed: a comma list of hosts, each with a port or for any port; "*": any host. listening_on: a name or an
     * address. */
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
