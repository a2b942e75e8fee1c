/* API keys, as their file lists them: one a line, blanks between the parts, # begins a comment.
 *
 *     # id        SHA-256 of the key, in hexadecimal   scopes       options
 *     dashboard   sha256:9f86d081884c7d659a2feaa0…     read
 *     shop        sha256:2c26b46b68ffc68ff99b453c…     read,write   tenant=acme rate=50
 *     ops         sha256:fcde2b2edba56bf408601fb7…     read,write,admin
 *
 * The file has hashes and no keys, so nobody can use what is in it. A plain hash is enough: a key is 256 random bits,
 * which cannot be guessed at any speed. A slow hash (scrypt) would only slow each request, which helps who floods the
 * service. A key shorter than 32 characters is refused, so that nobody uses a word.
 *
 * No scope implies another. tenant= binds a key to one tenant (percent-encoded where it has a blank), which the
 * database enforces: see pool.hpp. Such a key cannot have admin, since dead letters have no tenant. rate= is requests a
 * second, with bursts of as many. */
#pragma once

#include "../server/digest.hpp"

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
inline constexpr std::array<std::string_view, 4> scope_names{"", "read", "write", "admin"};

struct ApiKey {
    std::string id;
    Sha256 hash{};
    std::vector<Scope> scopes = {};
    std::string tenant = {}; // empty: all tenants
    int rate = 0;            // requests a second; 0: no limit

    [[nodiscard]] bool may(Scope scope) const noexcept;
};

/** The line's number and what is wrong with it, never a hash. */
class KeyFault : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/** Throws KeyFault for the first bad line, and for a file without keys. */
[[nodiscard]] std::vector<ApiKey> read_keys(std::string_view text);

/** The key's entry, or nothing, in the same time for each key. */
[[nodiscard]] const ApiKey *find_key(std::span<const ApiKey> keys, std::string_view key);

} // namespace analytics::http
