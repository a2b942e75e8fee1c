#include "keys.hpp"

#include "../../extension/core/text/ascii.hpp"
#include "../../extension/core/text/hex.hpp"
#include "../../extension/core/text/integer.hpp"
#include "../../extension/core/text/percent.hpp"
#include "../../extension/core/text/utf8.hpp"

#include <algorithm>
#include <openssl/crypto.h>

namespace analytics::http {

namespace {

constexpr std::string_view hash_prefix = "sha256:";
constexpr std::size_t max_id = 64;
constexpr std::size_t max_tenant = 64; // characters, as everywhere
constexpr int max_rate = 100'000;

/** The next part of a line; empty at its end. */
std::string_view take_part(std::string_view &line)
{
    line = core::trimmed(line);
    const std::string_view part = line.substr(0, line.find_first_of(" \t"));
    line.remove_prefix(part.size());
    return part;
}

Sha256 read_hash(std::string_view text)
{
    if (!text.starts_with(hash_prefix)) throw KeyFault("the second part must begin with sha256:");
    const auto bytes = core::bytes_of_hex(text.substr(hash_prefix.size()));
    Sha256 hash;
    if (!bytes || bytes->size() != hash.size()) throw KeyFault("a SHA-256 has 64 hexadecimal digits");
    std::copy(bytes->begin(), bytes->end(), hash.begin());
    return hash;
}

std::vector<Scope> read_scopes(std::string_view list)
{
    std::vector<Scope> scopes;
    while (!list.empty()) {
        const auto *const found = std::find(scope_names.begin() + 1, scope_names.end(), core::take_until(',', list));
        if (found == scope_names.end()) throw KeyFault("the third part must be a comma list of read, write and admin");
        scopes.push_back(static_cast<Scope>(found - scope_names.begin()));
    }
    if (scopes.empty()) throw KeyFault("the scopes are missing");
    return scopes;
}

void read_option(std::string_view text, ApiKey &key)
{
    const std::string_view name = core::take_until('=', text);
    if (name == "tenant") {
        const std::optional<std::string> tenant = core::percent_decoded_text(text);
        if (!tenant || tenant->empty() || core::count_characters(*tenant) > max_tenant)
            throw KeyFault("a tenant has 1 to 64 characters, percent-encoded UTF-8");
        key.tenant = *tenant;
    } else if (name == "rate") {
        key.rate = core::integer_of<int>(text).value_or(0);
        if (key.rate < 1 || key.rate > max_rate)
            throw KeyFault("a rate is an integer from 1 to 100000, requests a second");
    } else {
        throw KeyFault("an option must be tenant=… or rate=…");
    }
}

ApiKey read_key(std::string_view line)
{
    ApiKey key;
    key.id = take_part(line);
    const auto is_plain = [](char c) { return core::is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; };
    if (key.id.size() > max_id || !std::all_of(key.id.begin(), key.id.end(), is_plain))
        throw KeyFault("an id has 1 to 64 letters, digits, dots, hyphens and underscores");
    key.hash = read_hash(take_part(line));
    key.scopes = read_scopes(take_part(line));
    for (std::string_view option = take_part(line); !option.empty(); option = take_part(line)) read_option(option, key);
    if (!key.tenant.empty() && key.may(Scope::admin))
        throw KeyFault("a key that is bound to a tenant cannot have the scope admin: dead letters have no tenant");
    return key;
}

} // namespace

bool ApiKey::may(Scope scope) const noexcept
{
    return scope == Scope::none || std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
}

std::vector<ApiKey> read_keys(std::string_view text)
{
    std::vector<ApiKey> keys;
    for (int number = 1; !text.empty(); ++number) {
        std::string_view line = core::take_until('\n', text);
        if (line.ends_with('\r')) line.remove_suffix(1);
        line = core::trimmed(line.substr(0, line.find('#')));
        if (line.empty()) continue;
        try {
            ApiKey key = read_key(line);
            for (const ApiKey &other : keys)
                if (other.id == key.id || other.hash == key.hash) throw KeyFault("the id or the key is given twice");
            keys.push_back(std::move(key));
        } catch (const KeyFault &fault) {
            throw KeyFault("line " + std::to_string(number) + ": " + fault.what());
        }
    }
    if (keys.empty()) throw KeyFault("the file has no keys");
    return keys;
}

const ApiKey *find_key(std::span<const ApiKey> keys, std::string_view key)
{
    const Sha256 hash = sha256(key);
    const ApiKey *found = nullptr;
    for (const ApiKey &candidate : keys)
        if (CRYPTO_memcmp(candidate.hash.data(), hash.data(), hash.size()) == 0) found = &candidate;
    return key.size() < min_key_length ? nullptr : found;
}

} // namespace analytics::http
