/* The stream that RapidJSON's reader reads: our copy of the bytes, abridged.
 *
 * To the grammar all plain bytes of a string are alike, and so are all digits. So the stream gives a run of plain bytes
 * as one byte, and a run of digits as one digit. RapidJSON still checks every byte that matters, at its true offset:
 *  - It computes with only one digit of a number's integer, fraction or exponent. So it can't overflow (as in
 *    CVE-2024-38517), and does not refuse numbers beyond a double. The handler still gets all digits.
 *  - Strings are moved eight bytes at a time.
 *  - The reader would stop at an unpaired surrogate escape. Here it is found before the reader sees it.
 *
 * In place: decoded strings overwrite their own source. An escape is always longer than the character it stands for, so
 * the writer never overtakes the reader. The bytes are followed by zeroes, at which every run ends.
 *
 * Surprising: the first hexadecimal digit after \uD of an unpaired high surrogate is overwritten. That makes it a low
 * one, which the reader accepts alone. In both cases the text becomes three bytes that are not UTF-8, so no valid
 * text equals it. */
#pragma once

#include "text/hex.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace analytics::core {

/** RapidJSON's Stream concept, hence the names. Its default traits hold: the reader works on the stream itself, for a
 * copy around each string and number costs more than it saves. */
class AbridgingStream {
public:
    using Ch = char;

    /** So many zero bytes must stand behind the bytes read. */
    static constexpr std::size_t padding = 8;

    AbridgingStream(char *bytes, std::size_t size) noexcept
        : begin_(bytes), end_(bytes + size), source_(bytes), verbatim_(bytes)
    {
    }

    Ch Peek() const noexcept { return *source_; }

    [[gnu::always_inline]] Ch Take() noexcept
    {
        if (source_ == end_) return '\0';
        if (target_ != nullptr) return take_in_string();
        const char byte = *source_++;
        if (byte == '"')
            target_ = source_;
        else if (byte >= '1' && byte <= '9') // not after a leading zero: the second digit of "01" must be seen
            while (*source_ >= '0' && *source_ <= '9') ++source_;
        return byte;
    }

    std::size_t Tell() const noexcept { return static_cast<std::size_t>(source_ - begin_); }

    /** Called behind a string's opening quote, and behind a number. */
    Ch *PutBegin() const noexcept { return source_; }
    void Put(Ch byte) noexcept { *target_++ = byte; }
    /** Called behind a string's closing quote. */
    std::size_t PutEnd(const Ch *begin) noexcept
    {
        const auto size = static_cast<std::size_t>(target_ - begin);
        target_ = nullptr;
        return size;
    }

    void skip_whitespace() noexcept
    {
        while (*source_ == ' ' || *source_ == '\n' || *source_ == '\r' || *source_ == '\t') ++source_;
    }

    /** The first escape that jsonb can't hold: \u0000 or half a surrogate pair; null when there is none. */
    const char *unstorable_escape() const noexcept { return unstorable_escape_; }

private:
    static constexpr std::ptrdiff_t escape_size = 6; // \uXXXX

    [[gnu::noinline]] char take_in_string() noexcept
    {
        if (source_ < verbatim_ || *source_ == '"') return *source_++;
        if (*source_ == '\\') {
            enter_escape();
            return *source_++;
        }
        char *const run_end = past_plain(source_);
        const std::ptrdiff_t moved = run_end - source_ - 1; // the last byte is for the reader to put
        if (target_ != source_) std::memmove(target_, source_, static_cast<std::size_t>(moved));
        target_ += moved;
        source_ = run_end;
        return run_end[-1];
    }

    /** From here on the reader gets the escape's bytes one by one. */
    void enter_escape() noexcept
    {
        verbatim_ = source_ + std::min<std::ptrdiff_t>(2, end_ - source_);
        const int unit = unit_at(source_);
        if (unit < 0) return;
        verbatim_ = source_ + escape_size;
        if (is_high_surrogate(unit)) {
            if (is_low_surrogate(unit_at(verbatim_))) {
                verbatim_ += escape_size;
                return;
            }
            source_[3] = 'C'; // \uDCxx
        } else if (unit != 0 && !is_low_surrogate(unit)) {
            return;
        }
        if (unstorable_escape_ == nullptr) unstorable_escape_ = source_;
    }

    /** The UTF-16 code unit of the \uXXXX that stands there, or -1. */
    int unit_at(const char *at) const noexcept
    {
        if (end_ - at < escape_size || at[0] != '\\' || at[1] != 'u') return -1;
        int unit = 0;
        for (int digit = 2; digit < escape_size; ++digit) {
            const int value = hex_value(at[digit]);
            if (value < 0) return -1;
            unit = unit * 16 + value;
        }
        return unit;
    }

    static bool is_high_surrogate(int unit) noexcept { return unit >= 0xD800 && unit <= 0xDBFF; }
    static bool is_low_surrogate(int unit) noexcept { return unit >= 0xDC00 && unit <= 0xDFFF; }

    static constexpr std::uint64_t each(unsigned char byte) noexcept { return 0x0101010101010101ULL * byte; }

    /** The first of eight bytes that ends a plain run has its high bit set here; bits behind it may be wrong. */
    static std::uint64_t ends_of_run(std::uint64_t bytes) noexcept
    {
        const std::uint64_t quote = bytes ^ each('"');
        const std::uint64_t backslash = bytes ^ each('\\');
        const std::uint64_t control = (bytes - each(0x20)) & ~bytes;
        return (((quote - each(1)) & ~quote) | ((backslash - each(1)) & ~backslash) | control) & each(0x80);
    }

    static bool is_plain(char byte) noexcept
    {
        return byte != '"' && byte != '\\' && static_cast<unsigned char>(byte) >= 0x20;
    }

    /** The end of the plain bytes: those that are no quote, backslash or control character. */
    static char *past_plain(char *at) noexcept
    {
        if constexpr (std::endian::native == std::endian::little) {
            for (;; at += sizeof(std::uint64_t)) {
                std::uint64_t block = 0;
                std::memcpy(&block, at, sizeof block);
                const std::uint64_t ends = ends_of_run(block);
                if (ends != 0) return at + std::countr_zero(ends) / 8;
            }
        }
        while (is_plain(*at)) ++at;
        return at;
    }

    const char *begin_;
    const char *end_;
    char *source_;
    char *target_ = nullptr; // in a string: where its next decoded byte goes
    char *verbatim_;         // the bytes before it belong to an escape
    const char *unstorable_escape_ = nullptr;
};

} // namespace analytics::core
