/* A second reader to compare with: RFC 8259 by recursive descent, without RapidJSON, slow and simple.
 *
 * It shares with the reader only first_invalid_utf8 and fits_numeric, which have oracles of their own. */
#pragma once

#include "../../../extension/core/json.hpp"
#include "../../../extension/core/number.hpp"
#include "../../../extension/core/text/utf8.hpp"

#include <string_view>

namespace analytics::core {

struct Judgement {
    Reason reason = Reason::none;     // what read() must refuse with
    Reason unstorable = Reason::none; // what unstorable() must return after reading
};

class JsonOracle {
public:
    static Judgement judge(std::string_view value, const Limits &limits)
    {
        if (value.size() > limits.max_bytes) return {Reason::too_large};
        if (first_invalid_utf8(value) != value.size()) return {Reason::invalid_utf8};
        JsonOracle oracle(value, limits.max_depth);
        oracle.blanks();
        bool good = oracle.value(0);
        oracle.blanks();
        good = good && oracle.at_ == value.size();
        if (oracle.too_deep_) return {Reason::too_deep};
        if (!good) return {Reason::invalid_json};
        if (oracle.bad_text_) return {Reason::none, Reason::unstorable_text};
        return {Reason::none, oracle.bad_number_ ? Reason::unstorable_number : Reason::none};
    }

private:
    JsonOracle(std::string_view text, std::uint32_t max_depth) : text_(text), max_depth_(max_depth) {}

    bool next_is(std::string_view set) const
    {
        return at_ < text_.size() && set.find(text_[at_]) != std::string_view::npos;
    }
    bool take(std::string_view set)
    {
        if (!next_is(set)) return false;
        ++at_;
        return true;
    }
    void blanks()
    {
        while (take(" \t\r\n")) {
        }
    }
    bool word(std::string_view expected)
    {
        if (!text_.substr(at_).starts_with(expected)) return false;
        at_ += expected.size();
        return true;
    }

    bool value(std::uint32_t depth)
    {
        if (next_is("{[")) return container(depth + 1);
        if (next_is("\"")) return string();
        return word("null") || word("true") || word("false") || number();
    }

    bool container(std::uint32_t depth)
    {
        if (depth > max_depth_) {
            too_deep_ = true;
            return false;
        }
        const bool is_object = text_[at_++] == '{';
        const std::string_view closing = is_object ? "}" : "]";
        blanks();
        if (take(closing)) return true;
        for (;;) {
            if (is_object) {
                if (!next_is("\"") || !string()) return false;
                blanks();
                if (!take(":")) return false;
                blanks();
            }
            if (!value(depth)) return false;
            blanks();
            if (take(closing)) return true;
            if (!take(",")) return false;
            blanks();
        }
    }

    bool digits()
    {
        if (!take("0123456789")) return false;
        while (take("0123456789")) {
        }
        return true;
    }

    bool number()
    {
        const std::size_t start = at_;
        take("-");
        if (!take("0") && !(next_is("123456789") && digits())) return false;
        if (take(".") && !digits()) return false;
        if (take("eE")) {
            take("+-");
            if (!digits()) return false;
        }
        if (!fits_numeric(text_.substr(start, at_ - start))) bad_number_ = true;
        return true;
    }

    bool string()
    {
        ++at_;
        int open_high = 0; // the surrogate escape before this place, if it still waits for its other half
        for (; at_ < text_.size(); ++at_) {
            const auto byte = static_cast<unsigned char>(text_[at_]);
            if (byte < 0x20) return false;
            int unit = -1;
            if (byte == '\\') {
                ++at_;
                if (next_is("u")) {
                    unit = hex4();
                    if (unit < 0) return false;
                } else if (!next_is("\"\\/bfnrt")) {
                    return false;
                }
            }
            const bool is_low = unit >= 0xDC00 && unit <= 0xDFFF;
            if ((open_high != 0) != is_low || unit == 0) bad_text_ = true;
            open_high = unit >= 0xD800 && unit <= 0xDBFF ? unit : 0;
            if (byte == '"') {
                ++at_;
                return true;
            }
        }
        return false;
    }

    /** Leaves at_ on the last digit. */
    int hex4()
    {
        static constexpr std::string_view lower = "0123456789abcdef", upper = "0123456789ABCDEF";
        int unit = 0;
        for (int i = 0; i < 4; ++i) {
            ++at_;
            if (!next_is(lower) && !next_is(upper)) return -1;
            const std::size_t as_lower = lower.find(text_[at_]);
            unit = unit * 16 + static_cast<int>(as_lower != std::string_view::npos ? as_lower : upper.find(text_[at_]));
        }
        return unit;
    }

    std::string_view text_;
    std::uint32_t max_depth_;
    std::size_t at_ = 0;
    bool too_deep_ = false;
    bool bad_text_ = false;
    bool bad_number_ = false;
};

} // namespace analytics::core
