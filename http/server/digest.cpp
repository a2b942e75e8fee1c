#include "digest.hpp"

#include "../../extension/core/text/hex.hpp"

#include <array>
#include <new>
#include <openssl/evp.h>

namespace analytics::http {

std::string digest(std::string_view bytes)
{
    constexpr std::size_t digest_bytes = 16;
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    if (EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1)
        throw std::bad_alloc();
    return core::hex(std::span(hash).first(digest_bytes));
}

} // namespace analytics::http
