/* Takes a text apart from its front: each step says whether it found what it looks for, and consumes nothing else. */
#pragma once

#include "ascii.hpp"

#include <string_view>

namespace analytics::core {

class Scanner {
public:
    explicit Scanner(std::string_view text) noexcept : rest_(text) {}

    [[nodiscard]] bool done() const noexcept { return rest_.empty(); }

    /** One of the characters. */
    template <char... Accepted> bool take() noexcept
    {
        if (rest_.empty() || ((rest_.front() != Accepted) && ...)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    /** A number of exactly so many digits. */
    bool fixed(std::size_t width, int &value) noexcept
    {
        if (rest_.size() < width) return false;
        int sum = 0;
        for (const char c : rest_.substr(0, width)) {
            if (!is_digit(c)) return false;
            sum = sum * 10 + (c - '0');
        }
        value = sum;
        rest_.remove_prefix(width);
        return true;
    }

    /** One digit or more. */
    bool digits(std::string_view &run) noexcept
    {
        std::size_t size = 0;
        while (size < rest_.size() && is_digit(rest_[size])) ++size;
        run = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return !run.empty();
    }

private:
    std::string_view rest_;
};

} // namespace analytics::core
