/* API keys, as their file lists them: one a line, blanks between the parts, # begins a comment.
 *
 *     # id        SHA-256 of the key, in hexadecimal   scopes       options
 *     dashboard   sha256:9f86d081884c7d659a2feaa0…     read
 *     shop        sha256:2c26b46b68ffc68ff99b453c…     read,write   tenant=acme rate=50
 *     ops         sha256:fcde2b2edba56bf408601fb7…     read,write,admin
 *
 * The file has no key, only hashes: who reads it can't call us. A plain hash is enough, for a key is 256 random bits
 * that nobody guesses at any speed; a slow one (scrypt) would only make each request slow, which is a gift to whoever
 * floods us. Keys that are shorter than 32 characters are no keys, so nobody can make one of a word.
 *
 * A scope is what it says and nothing more: admin does not imply read. tenant= binds a key to one tenant
 * (percent-encoded where it holds a blank), which the database enforces: see pool.hpp. Such a key can't have admin,
 * for dead letters know no tenants. rate= is requests a second, with bursts of as many. */
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::http {

constexpr std::size_t min_key_length = 32;

/** What a route asks of a key, and what a key grants. none: the route asks for no key. */
enum class Scope : std::uint8_t { none, read, write, admin };

using KeyHash = std::array<unsigned char, 32>;

struct ApiKey {
    std::string id;
    KeyHash hash{};
    std::vector<Scope> scopes = {};
    std::string tenant = {}; // empty: of all tenants
    int rate = 0;            // requests a second; 0: as many as come

    [[nodiscard]] bool may(Scope scope) const noexcept;
};

/** The line's number and what is wrong with it. Never says a hash. */
class KeyFault : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/** Throws KeyFault for the first line that is none, and for a file without keys. */
[[nodiscard]] std::vector<ApiKey> read_keys(std::string_view text);

[[nodiscard]] KeyHash hash_of(std::string_view key);

/** The key's entry, or nothing. Takes the same time whichever it is. */
[[nodiscard]] const ApiKey *find_key(std::span<const ApiKey> keys, std::string_view key);

} // namespace analytics::http
