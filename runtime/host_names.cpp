#include "host_names.hpp"

#include "../extension/core/text/ascii.hpp"
#include "../extension/core/text/integer.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <netinet/in.h>

namespace analytics::runtime {
namespace {

constexpr unsigned max_port = 65'535;
constexpr std::uint32_t loopback_net = 127; // 127.0.0.0/8

bool is_name_character(char c)
{
    return (core::is_alphanumeric(c) && c == core::to_lower(c)) || c == '-' || c == '.' || c == '_';
}

std::optional<in_addr> ipv4(const std::string &host)
{
    in_addr address{};
    return inet_pton(AF_INET, host.c_str(), &address) == 1 ? std::optional(address) : std::nullopt;
}

/* Of an address in brackets. */
std::optional<in6_addr> ipv6(std::string_view host)
{
    in6_addr address{};
    if (host.size() < 2 || host.front() != '[' || host.back() != ']') return std::nullopt;
    const std::string text(host.substr(1, host.size() - 2));
    return inet_pton(AF_INET6, text.c_str(), &address) == 1 ? std::optional(address) : std::nullopt;
}

bool is_loopback_net(const in_addr &address)
{
    return ntohl(address.s_addr) >> 24U == loopback_net;
}

bool is_address(const std::string &host)
{
    return ipv4(host) || ipv6(host);
}

bool is_loopback(const std::string &host)
{
    if (const auto address = ipv4(host)) return is_loopback_net(*address);
    if (const auto address = ipv6(host))
        return IN6_IS_ADDR_LOOPBACK(&*address) ||
               (IN6_IS_ADDR_V4MAPPED(&*address) && address->s6_addr[12] == loopback_net);
    return host == "localhost";
}

/* The host in its canonical spelling; empty when it is not a host. */
std::string canonical_host(std::string_view host)
{
    if (host.starts_with('[')) {
        const auto address = ipv6(host);
        std::array<char, INET6_ADDRSTRLEN> text{};
        if (!address || inet_ntop(AF_INET6, &*address, text.data(), text.size()) == nullptr) return {};
        return "[" + std::string(text.data()) + "]";
    }
    std::string name(host);
    std::transform(name.begin(), name.end(), name.begin(), core::to_lower);
    if (name.ends_with('.')) name.pop_back();
    return std::all_of(name.begin(), name.end(), is_name_character) ? name : std::string();
}

bool is_port_or_empty(std::string_view digits)
{
    const auto value = core::integer_of<unsigned>(digits);
    return digits.empty() || (value && *value <= max_port);
}

} // namespace

std::optional<Authority> read_authority(std::string_view text)
{
    const std::size_t bracket = text.starts_with('[') ? std::min(text.find(']'), text.size()) : 0;
    const std::size_t colon = std::min(text.find(':', bracket), text.size());
    const std::string_view port = text.substr(std::min(colon + 1, text.size()));
    Authority read{.host = canonical_host(text.substr(0, colon)), .port = std::string(port)};
    if (read.host.empty() || !is_port_or_empty(port)) return std::nullopt;
    return read;
}

HostNames::HostNames(std::string_view listed, std::string_view listening_on)
{
    while (!listed.empty()) {
        const std::string_view item = core::take_item(listed);
        if (item == "*")
            takes_any_ = true;
        else if (auto authority = read_authority(item))
            listed_.push_back(std::move(*authority));
    }
    std::string own =
        canonical_host(listening_on.find(':') == std::string_view::npos ? std::string(listening_on)
                                                                        : "[" + std::string(listening_on) + "]");
    takes_addresses_ = !is_loopback(own);
    listed_.push_back({.host = std::move(own), .port = {}});
}

bool HostNames::contain(const Authority &authority) const
{
    if (takes_any_ || is_loopback(authority.host)) return true;
    if (takes_addresses_ && is_address(authority.host)) return true;
    return std::any_of(listed_.begin(), listed_.end(), [&](const Authority &one) {
        return one.host == authority.host && (one.port.empty() || one.port == authority.port);
    });
}

std::string host_names_fault(std::string_view list)
{
    while (!list.empty())
        if (const std::string_view item = core::take_item(list); item != "*" && !read_authority(item))
            return "not a host: \"" + std::string(item) + "\"";
    return {};
}

} // namespace analytics::runtime
