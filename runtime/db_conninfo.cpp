#include "db_conninfo.hpp"

#include "../extension/core/text/ascii.hpp"
#include "../extension/core/text/percent.hpp"
#include "network_address.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <map>
#include <memory>

namespace analytics::runtime {
namespace {

constexpr const char *nowhere = "/nowhere/at/all"; // a folder without a socket

struct FreeOptions {
    void operator()(PQconninfoOption *options) const noexcept { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

/* Null when libpq can't parse it. */
Options parse(std::string_view conninfo)
{
    char *message = nullptr;
    Options options(PQconninfoParse(std::string(conninfo).c_str(), &message));
    PQfreemem(message);
    return options;
}

/* What is set, passwords as ***. */
std::map<std::string, std::string> shown(const Options &options)
{
    std::map<std::string, std::string> values;
    for (const PQconninfoOption *o = options.get(); o != nullptr && o->keyword != nullptr; ++o) {
        if (o->val == nullptr) continue;
        const bool is_password = o->dispchar[0] == '*';
        values.emplace(o->keyword, is_password ? "***" : o->val);
    }
    return values;
}

std::size_t items(std::string_view list)
{
    return static_cast<std::size_t>(std::count(list.begin(), list.end(), ',')) + 1;
}

/* Hosts, addresses and ports are lists of the same length; a single port is for all hosts. */
std::string place_fault(std::string_view hosts, std::string_view addresses, std::string_view ports)
{
    const std::size_t count = addresses.empty() ? items(hosts) : items(addresses);
    if (!hosts.empty() && items(hosts) != count) return "host and hostaddr must have the same number of items";
    if (items(ports) != 1 && items(ports) != count) return "port must have one item, or as many as there are hosts";
    while (!ports.empty())
        if (const std::string_view port = core::take_until(',', ports); !port.empty() && !is_port(port))
            return "a port must be from 1 to 65535";
    return {};
}

/* Whether libpq gives up before it asks a server. */
bool is_refused(std::string_view keyword, std::string_view value)
{
    const std::string name(keyword);
    const std::string text(value);
    const std::array keywords{name.empty() ? "host" : name.c_str(), "host", "connect_timeout",
                              static_cast<const char *>(nullptr)};
    const std::array values{name.empty() ? nowhere : text.c_str(), nowhere, "2", static_cast<const char *>(nullptr)};
    return PQpingParams(keywords.data(), values.data(), 0) == PQPING_NO_ATTEMPT;
}

std::string percent_encoded(std::string_view text)
{
    std::string out;
    core::append_percent_encoded(out, text, "*,:[]");
    return out;
}

} // namespace

std::string conninfo_fault(std::string_view conninfo)
{
    return parse(conninfo) ? std::string() : "not a connection URL: postgresql://user:password@host:port/db expected";
}

/* libpq checks most values only when it connects. We try one keyword at a time, so that the fault has a name, with a
 * socket that does not exist, so that no server is asked. */
std::string connection_fault(std::string_view conninfo)
{
    const Options options = parse(conninfo);
    if (!options) return {}; // conninfo_fault's
    if (is_refused({}, {})) return "libpq refuses its PG* variables";
    std::map<std::string_view, std::string_view> values;
    for (const PQconninfoOption *o = options.get(); o->keyword != nullptr; ++o)
        if (o->val != nullptr && *o->val != '\0') values.emplace(o->keyword, o->val);
    for (const auto &[keyword, value] : values) {
        const bool is_place = keyword == "host" || keyword == "hostaddr" || keyword == "port";
        if (!is_place && is_refused(keyword, value)) return fmt::format("libpq refuses the value of {}", keyword);
    }
    return place_fault(values["host"], values["hostaddr"], values["port"]);
}

std::string masked_conninfo(std::string_view conninfo)
{
    auto values = shown(parse(conninfo));
    const auto take = [&](const char *keyword) {
        const auto node = values.extract(keyword);
        return node.empty() ? std::string() : percent_encoded(node.mapped());
    };
    std::string url = "postgresql://";
    if (const std::string user = take("user"); !user.empty()) {
        const std::string password = take("password");
        url += user + (password.empty() ? "" : ":" + password) + "@";
    }
    const bool one_plain_host = values.contains("host") && values["host"].find_first_of(",/:") == std::string::npos;
    if (one_plain_host) {
        url += take("host");
        if (const std::string port = take("port"); !port.empty()) url += ":" + port;
    }
    url += "/" + take("dbname");
    char separator = '?';
    for (const auto &[keyword, value] : values) {
        url += fmt::format("{}{}={}", separator, keyword, percent_encoded(value));
        separator = '&';
    }
    return url;
}

} // namespace analytics::runtime
