#include "identity.hpp"

#include "error.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <limits>
#include <new>
#include <string>

namespace analytics::core {

namespace {

constexpr std::uint64_t absent = std::numeric_limits<std::uint64_t>::max();
constexpr int timestamp_bytes = 6;
constexpr std::int64_t max_millis = (std::int64_t{1} << (8 * timestamp_bytes)) - 1;
constexpr std::uint32_t max_counter = (1U << 12) - 1;

/** Version and variant: RFC 9562, 4.1 and 4.2. */
void stamp(Uuid &uuid, std::uint8_t version) noexcept
{
    uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0f) | version << 4);
    uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3f) | 0x80);
}

/** The low bytes of value, big endian, into as many bytes as out has. */
void store_big_endian(std::span<std::uint8_t> out, std::uint64_t value) noexcept
{
    for (auto byte = out.rbegin(); byte != out.rend(); ++byte, value >>= 8) *byte = static_cast<std::uint8_t>(value);
}

struct Release {
    void operator()(EVP_MD *algorithm) const noexcept { EVP_MD_free(algorithm); }
    void operator()(EVP_MD_CTX *context) const noexcept { EVP_MD_CTX_free(context); }
};

} // namespace

/* The algorithm is fetched once, because fetching costs more than a hash. A key's parts are gathered first, for one
 * call of OpenSSL instead of two for each part. */
struct KeyedIdentity::Digest {
    std::unique_ptr<EVP_MD, Release> algorithm{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
    std::unique_ptr<EVP_MD_CTX, Release> context{EVP_MD_CTX_new()};
    std::string input;

    void add(std::uint64_t number)
    {
        std::array<std::uint8_t, sizeof number> bytes{};
        store_big_endian(bytes, number);
        input.append(reinterpret_cast<const char *>(bytes.data()), bytes.size());
    }

    void add(std::string_view part)
    {
        add(std::uint64_t{part.size()});
        input.append(part);
    }

    std::array<std::uint8_t, 32> finish()
    {
        std::array<std::uint8_t, 32> hash{};
        if (EVP_DigestInit_ex(context.get(), algorithm.get(), nullptr) != 1 ||
            EVP_DigestUpdate(context.get(), input.data(), input.size()) != 1 ||
            EVP_DigestFinal_ex(context.get(), hash.data(), nullptr) != 1)
            throw Error("could not compute SHA-256");
        return hash;
    }
};

KeyedIdentity::KeyedIdentity() : digest_(std::make_unique<Digest>())
{
    if (!digest_->algorithm) throw Error("OpenSSL offers no SHA-256");
    if (!digest_->context) throw std::bad_alloc();
}

KeyedIdentity::~KeyedIdentity() = default;

Uuid KeyedIdentity::operator()(std::string_view event_type, std::string_view source,
                               std::optional<std::string_view> tenant_id, std::span<const std::string_view> key)
{
    digest_->input.clear();
    digest_->add(event_type);
    digest_->add(source);
    if (tenant_id)
        digest_->add(*tenant_id);
    else
        digest_->add(absent);
    digest_->add(std::uint64_t{key.size()});
    for (const std::string_view value : key) digest_->add(value);

    const auto hash = digest_->finish();
    Uuid uuid{};
    std::copy_n(hash.begin(), uuid.size(), uuid.begin());
    stamp(uuid, 8);
    return uuid;
}

Uuid SequentialIdentity::operator()(std::int64_t unix_millis, std::uint64_t random) noexcept
{
    const std::int64_t now = std::clamp(unix_millis, std::int64_t{0}, max_millis);
    if (now > last_millis_) {
        last_millis_ = now;
        counter_ = 0;
    } else if (++counter_ > max_counter) {
        // RFC 9562, 6.2: a full counter borrows the next millisecond rather than wait for it.
        ++last_millis_;
        counter_ = 0;
    }

    Uuid uuid{};
    const std::span<std::uint8_t> bytes(uuid);
    store_big_endian(bytes.first(timestamp_bytes), static_cast<std::uint64_t>(last_millis_));
    store_big_endian(bytes.subspan(timestamp_bytes, 2), counter_);
    store_big_endian(bytes.last(8), random);
    stamp(uuid, 7);
    return uuid;
}

} // namespace analytics::core
