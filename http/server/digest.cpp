#include "digest.hpp"

#include "../../extension/core/text/hex.hpp"

#include <new>
#include <openssl/evp.h>

namespace analytics::http {

Sha256 sha256(std::string_view bytes)
{
    Sha256 hash{};
    if (EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1)
        throw std::bad_alloc();
    return hash;
}

std::string digest(std::string_view bytes)
{
    constexpr std::size_t digest_bytes = 16;
    const Sha256 hash = sha256(bytes);
    return core::hex(std::span(hash).first(digest_bytes));
}

} // namespace analytics::http
