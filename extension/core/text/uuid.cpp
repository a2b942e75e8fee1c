#include "uuid.hpp"

#include "hex.hpp"

namespace analytics::core {

namespace {

constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

} // namespace

std::optional<std::string> bytes_of_uuid(std::string_view text)
{
    if (text.size() != form.size()) return std::nullopt;
    std::string digits;
    for (std::size_t i = 0; i < form.size(); ++i) {
        if (form[i] == 'x')
            digits += text[i];
        else if (text[i] != '-')
            return std::nullopt;
    }
    return bytes_of_hex(digits);
}

UuidText uuid_text(const std::uint8_t *bytes) noexcept
{
    constexpr char digits[] = "0123456789abcdef";
    UuidText text{};
    for (std::size_t i = 0; i < form.size(); ++i) {
        if (form[i] == '-') {
            text.bytes[i] = '-';
            continue;
        }
        text.bytes[i] = digits[*bytes >> 4U];
        text.bytes[++i] = digits[*bytes++ & 0xFU];
    }
    return text;
}

std::string uuid_of_bytes(std::string_view bytes)
{
    return std::string(uuid_text(reinterpret_cast<const std::uint8_t *>(bytes.data())).view());
}

} // namespace analytics::core
