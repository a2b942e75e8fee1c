/* The dimension values of one cell as bytes. Equal values have equal bytes, however a number was written.
 *
 * Each value is a tag and its data. Null is an absent value, a JSON null or a mismatch. */
#pragma once

#include "exact.hpp"
#include "packed.hpp"
#include "projection.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace analytics::core {

enum class KeyTag : std::uint8_t { null, boolean_false, boolean_true, text, number };

class KeyWriter {
public:
    void put_null() { put(KeyTag::null); }
    void put(bool value) { put(value ? KeyTag::boolean_true : KeyTag::boolean_false); }
    void put(std::string_view text)
    {
        put(KeyTag::text);
        packed::put_text(out_, text);
    }
    void put(const ExactNumber &number)
    {
        put(KeyTag::number);
        number.pack(out_);
    }

    [[nodiscard]] const std::string &key() const noexcept { return out_; }
    void clear() noexcept { out_.clear(); }

private:
    void put(KeyTag tag) { packed::put(out_, static_cast<std::uint64_t>(tag)); }

    std::string out_;
};

class KeyReader {
public:
    struct Value {
        KeyTag tag = KeyTag::null;
        std::string_view text; // of the key's own bytes
        ExactNumber number;
    };

    explicit KeyReader(std::string_view key) noexcept : in_(key) {}

    /** The next dimension's value. Throws Corrupt for what KeyWriter can't have written. */
    Value next()
    {
        Value value;
        const std::uint64_t tag = in_.number();
        if (tag > static_cast<std::uint64_t>(KeyTag::number)) throw Corrupt("key of a cell is damaged");
        value.tag = static_cast<KeyTag>(tag);
        if (value.tag == KeyTag::text) value.text = in_.text();
        if (value.text.size() > max_dimension_text * max_character_bytes) throw Corrupt("key of a cell is damaged");
        if (value.tag == KeyTag::number) value.number = ExactNumber::unpack(in_);
        return value;
    }

    [[nodiscard]] bool at_end() const noexcept { return in_.empty(); }

    /** Throws Corrupt when the bytes can't be a key. */
    static void require_key(std::string_view key)
    {
        std::size_t values = 0;
        for (KeyReader reader{key}; !reader.at_end(); reader.next())
            if (++values > max_projection_fields) throw Corrupt("key of a cell is damaged");
    }

private:
    static constexpr std::size_t max_character_bytes = 4; // in UTF-8

    packed::Rest in_;
};

} // namespace analytics::core
