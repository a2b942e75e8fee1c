#include "exposure.hpp"

#include <memory>
#include <netdb.h>
#include <netinet/in.h>

namespace analytics::http {

namespace {

constexpr std::uint32_t loopback_net = 127; // 127.0.0.0/8

bool is_loopback_address(const sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const auto *v4 = static_cast<const sockaddr_in *>(static_cast<const void *>(address));
        return ntohl(v4->sin_addr.s_addr) >> 24U == loopback_net;
    }
    if (address->sa_family == AF_INET6) {
        const auto *v6 = static_cast<const sockaddr_in6 *>(static_cast<const void *>(address));
        return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
               (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && v6->sin6_addr.s6_addr[12] == loopback_net);
    }
    return false;
}

} // namespace

bool is_loopback(const std::string &host)
{
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo *found = nullptr;
    if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return false;
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
    for (const addrinfo *address = addresses.get(); address != nullptr; address = address->ai_next)
        if (!is_loopback_address(address->ai_addr)) return false;
    return true;
}

std::optional<runtime::SettingFault> exposure_fault(const runtime::Settings &settings)
{
    using runtime::Key;
    if (settings.is_given(Key::http_api_keys_file)) return std::nullopt;
    if (!is_loopback(settings.text(Key::service_host)))
        return runtime::SettingFault{"ANALYTICS_SERVICE_HOST",
                                     "without API keys the service listens on loopback addresses only"};
    return std::nullopt;
}

} // namespace analytics::http
