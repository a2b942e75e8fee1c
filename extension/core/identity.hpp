/* An event's id: the same natural key always gives the same id, an event without one gets a new id in time order.
 *
 * UUIDv8 (RFC 9562, 5.8): the first 128 bits of SHA-256 over event type, source, tenant and key values, with version
 * and variant set. Each part is preceded by its length (8 bytes, big endian). An absent tenant has the length 2^64-1,
 * so that it differs from an empty one. The number of key values comes before them. This encoding never changes:
 * otherwise every redelivered event would be stored again.
 * UUIDv7 (RFC 9562, 5.7, method 1): Unix milliseconds, then a counter kept within the millisecond, then random bits. */
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace analytics::core {

using Uuid = std::array<std::uint8_t, 16>;

/** Hashes with OpenSSL's SHA-256, whose context is reused for the next key. */
class KeyedIdentity {
public:
    KeyedIdentity();
    ~KeyedIdentity();
    KeyedIdentity(const KeyedIdentity &) = delete;
    KeyedIdentity &operator=(const KeyedIdentity &) = delete;

    Uuid operator()(std::string_view event_type, std::string_view source, std::optional<std::string_view> tenant_id,
                    std::span<const std::string_view> key);

private:
    struct Digest;
    std::unique_ptr<Digest> digest_;
};

/** Each id is larger than the one before, also when the clock stands still or goes back. */
class SequentialIdentity {
public:
    /** unix_millis: the clock; random: fresh random bits, of which 62 are used. */
    Uuid operator()(std::int64_t unix_millis, std::uint64_t random) noexcept;

private:
    std::int64_t last_millis_ = -1;
    std::uint32_t counter_ = 0; // 12 bits
};

} // namespace analytics::core
