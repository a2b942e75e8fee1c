#include "digest.hpp"

#include <array>
#include <new>
#include <openssl/evp.h>

namespace analytics::http {

std::string digest(std::string_view bytes)
{
    constexpr std::size_t digest_bytes = 16;
    constexpr std::string_view hex = "0123456789abcdef";
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    if (EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1)
        throw std::bad_alloc();
    std::string text;
    for (std::size_t i = 0; i < digest_bytes; ++i) {
        text += hex[hash[i] >> 4U];
        text += hex[hash[i] & 0xFU];
    }
    return text;
}

} // namespace analytics::http
