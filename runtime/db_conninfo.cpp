#include "db_conninfo.hpp"

#include <cctype>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <map>
#include <memory>

namespace analytics::runtime {
namespace {

struct FreeOptions {
    void operator()(PQconninfoOption *options) const noexcept { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

/* Nothing when libpq can't read it. */
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

std::string percent_encoded(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_plain =
            std::isalnum(byte) != 0 || std::string_view("-._~*,:[]").find(c) != std::string_view::npos;
        if (is_plain)
            out += c;
        else
            out += fmt::format("%{:02X}", byte);
    }
    return out;
}

} // namespace

std::string conninfo_fault(std::string_view conninfo)
{
    return parse(conninfo) ? std::string() : "not a connection URL: postgresql://user:password@host:port/db expected";
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

std::string session_options(std::string_view conninfo, std::span<const std::pair<std::string, std::string>> settings)
{
    std::string options = shown(parse(conninfo))["options"];
    if (options.empty()) options = shown(Options(PQconndefaults()))["options"]; // PGOPTIONS, a service file
    for (const auto &[name, value] : settings) {
        options += fmt::format("{}-c {}=", options.empty() ? "" : " ", name);
        for (const char c : value) {
            if (c == ' ' || c == '\\') options += '\\';
            options += c;
        }
    }
    return options;
}

} // namespace analytics::runtime
