#include "network_address.hpp"

#include "../extension/core/text/ascii.hpp"
#include "../extension/core/text/integer.hpp"
#include "../extension/core/text/quotes.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <optional>

namespace analytics::runtime {
namespace {

constexpr std::size_t max_host_length = 253; // a name's in DNS
constexpr int max_port = 65'535;

/* librdkafka overlooks blanks around an item, but no tabs. */
std::string_view take_item(std::string_view &list)
{
    return core::trimmed(core::take_until(',', list), " ");
}

bool is_ipv6(std::string_view text)
{
    const std::string address(text.substr(0, text.find('%'))); // what follows names an interface
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1;
}

struct Broker {
    std::string_view protocol;
    std::string_view host;
    std::optional<std::string_view> port;
};

Broker broker_of(std::string_view item)
{
    Broker broker;
    if (const std::size_t scheme = item.find("://"); scheme != std::string_view::npos) {
        broker.protocol = item.substr(0, scheme);
        item.remove_prefix(scheme + 3);
        item = item.substr(0, item.find('/')); // librdkafka overlooks a path
    }
    const std::size_t colon = item.rfind(':');
    const bool has_port =
        colon != std::string_view::npos && (item.find(':') == colon || (colon > 0 && item[colon - 1] == ']'));
    broker.host = item.substr(0, has_port ? colon : item.size());
    if (has_port) broker.port = item.substr(colon + 1);
    if (broker.host.starts_with('[') && broker.host.ends_with(']') &&
        is_ipv6(broker.host.substr(1, broker.host.size() - 2)))
        broker.host = broker.host.substr(1, broker.host.size() - 2);
    return broker;
}

} // namespace

bool is_port(std::string_view text)
{
    const auto port = core::integer_of<int>(text);
    return port && *port >= 1 && *port <= max_port;
}

std::string host_fault(std::string_view host)
{
    const bool is_plain = !host.empty() && host.size() <= max_host_length && std::ranges::all_of(host, [](char c) {
        return core::is_alphanumeric(c) || c == '.' || c == '-' || c == '_';
    });
    return is_plain || is_ipv6(host) ? std::string() : "not a host: " + core::in_quotes(host);
}

std::string brokers_fault(std::string_view list)
{
    bool has_broker = false; // librdkafka overlooks empty items
    while (!list.empty()) {
        const std::string_view item = take_item(list);
        if (item.empty()) continue;
        has_broker = true;
        const Broker broker = broker_of(item);
        const bool is_localhost = broker.host.empty() && broker.port; // says librdkafka
        if (std::string fault = host_fault(broker.host); !fault.empty() && !is_localhost) return fault;
        if (broker.port && !is_port(*broker.port)) return "not a port: " + core::in_quotes(*broker.port);
    }
    return has_broker ? std::string() : "no broker";
}

std::string other_protocol(std::string_view list, std::string_view protocol)
{
    while (!list.empty())
        if (const std::string_view found = broker_of(take_item(list)).protocol;
            !found.empty() && !core::equals_ignoring_case(found, protocol))
            return std::string(found);
    return {};
}

} // namespace analytics::runtime
