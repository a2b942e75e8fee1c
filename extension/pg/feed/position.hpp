/* The positions of a feed as texts. _analytics_feed_position reads them. */
#pragma once

#include "../../core/text/uuid.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace analytics::pg {

class FeedPosition {
public:
    /** After all changes of the tick. */
    explicit FeedPosition(std::int64_t tick) noexcept { add(tick); }

    /** After the change with this index in the row of the outbox with this number. */
    FeedPosition(std::int64_t tick, std::int64_t number, std::int64_t index) noexcept : FeedPosition(tick)
    {
        add_part(number);
        add_part(index);
    }

    /** In the past: after the event with this key. time: microseconds since 2000. */
    FeedPosition(std::int64_t tick, std::int64_t time, const core::UuidText &id) noexcept : FeedPosition(tick)
    {
        add_part(time);
        add_dot();
        std::copy(std::begin(id.bytes), std::end(id.bytes), text_ + size_);
        size_ += std::size(id.bytes);
    }

    [[nodiscard]] std::string_view view() const noexcept { return {text_, size_}; }

private:
    void add(std::int64_t number) noexcept
    {
        size_ = static_cast<std::size_t>(std::to_chars(text_ + size_, std::end(text_), number).ptr - text_);
    }

    void add_dot() noexcept
    {
        if (size_ < std::size(text_)) text_[size_++] = '.'; // it always is, which GCC does not see
    }

    void add_part(std::int64_t number) noexcept
    {
        add_dot();
        add(number);
    }

    char text_[2 * 21 + 36] = {}; // two numbers and an id, or three numbers
    std::size_t size_ = 0;
};

} // namespace analytics::pg
