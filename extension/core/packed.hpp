/* Numbers packed into bytes, seven bits a byte from the lowest up (LEB128); signed ones zigzag, so that small ones of
 * either sign are short. Texts are preceded by their length. The reader throws Corrupt where bytes end early or a
 * number does not fit, so damaged bytes are never more than an error. */
#pragma once

#include "error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace analytics::core {

class Packer {
public:
    void number(std::uint64_t value)
    {
        for (; value >= more; value >>= 7U) bytes_.push_back(static_cast<char>(value | more));
        bytes_.push_back(static_cast<char>(value));
    }

    void signed_number(std::int64_t value)
    {
        number((static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63U));
    }

    void text(std::string_view text)
    {
        number(text.size());
        bytes_.append(text);
    }

    [[nodiscard]] const std::string &bytes() const noexcept { return bytes_; }
    std::string take() noexcept { return std::move(bytes_); }
    void clear() noexcept { bytes_.clear(); }

private:
    static constexpr std::uint64_t more = 0x80;

    std::string bytes_;
};

class Unpacker {
public:
    explicit Unpacker(std::string_view bytes) noexcept : rest_(bytes) {}

    std::uint64_t number()
    {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = static_cast<unsigned char>(take(1).front());
            const std::uint64_t bits = byte & 0x7fU;
            if (bits << shift >> shift != bits) break;
            value |= bits << shift;
            if (bits == byte) return value;
        }
        throw Corrupt("packed number is damaged");
    }

    std::int64_t signed_number()
    {
        const std::uint64_t value = number();
        return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1U));
    }

    std::string_view text() { return take(number()); }

    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return rest_.size(); }

private:
    std::string_view take(std::uint64_t size)
    {
        if (size > rest_.size()) throw Corrupt("packed bytes end early");
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

    std::string_view rest_;
};

} // namespace analytics::core
