/* The same file again and again, and yet each time other events of a later day: Shifted finds once where in each line
 * make_events.py's ids and times stand, and writes over them in place, for every round anew.
 *
 * Ids are its version-4 UUIDs: a round's number takes two of their random digits, so ids differ between rounds and, by
 * the digits that remain, within each. Times are those of one day and some late ones of the day before, in three forms
 * (ISO text, Jackson's array, seconds since 1970); a round moves them by as many days as keep every length: to the days
 * 10 to 28 of January to September. So events keep coming nearly in order, as they do in life. */
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

class Shifted {
public:
    static constexpr int days_a_month = 18; // 11 to 28, so that the day before has two digits as well
    static constexpr int most_rounds = 9 * days_a_month;

    explicit Shifted(std::span<char> bytes) : bytes_(bytes)
    {
        for (std::size_t at = 0; at < bytes.size(); ++at) find(at);
    }

    /** Writes the round's ids and times over those between two places of the file. */
    void rewrite(std::string_view part, int round)
    {
        if (round >= most_rounds) throw std::runtime_error{"too many rounds"};
        const auto first = static_cast<std::size_t>(part.data() - bytes_.data());
        const auto begin = std::lower_bound(places_.begin(), places_.end(), first,
                                            [](const Place &place, std::size_t at) { return place.at < at; });
        for (auto place = begin; place != places_.end() && place->at < first + part.size(); ++place)
            write(*place, round);
    }

private:
    enum class Form : std::uint8_t { id, iso, array, epoch };

    struct Place {
        std::size_t at;
        Form form;
        bool is_late = false;   // of the day before
        std::int64_t epoch = 0; // as it was
    };

    static constexpr std::size_t epoch_digits = 10;
    static constexpr std::string_view epoch_name = "\"occurredAt\":17";

    std::string_view text(std::size_t at, std::size_t size) const
    {
        return std::string_view{bytes_.data(), bytes_.size()}.substr(std::min(at, bytes_.size()), size);
    }

    void find(std::size_t at)
    {
        switch (bytes_[at]) {
        case '-': // after a UUID's first eight digits
            if (text(at + 5, 2) == "-4" && text(at + 10, 2) == "-a" && text(at + 15, 1) == "-")
                places_.push_back({at + 16, Form::id});
            break;
        case '2':
            if (text(at, 9) == "2026-01-1" && text(at + 10, 1) == "T")
                places_.push_back({at + 5, Form::iso, bytes_[at + 9] == '4'});
            break;
        case '[':
            if (text(at, 9) == "[2026,1,1") places_.push_back({at + 6, Form::array, bytes_[at + 9] == '4'});
            break;
        case '"':
            if (text(at, epoch_name.size()) == epoch_name) {
                const std::size_t digits = at + epoch_name.size() - 2;
                std::int64_t seconds = 0;
                for (const char digit : text(digits, epoch_digits)) seconds = seconds * 10 + (digit - '0');
                places_.push_back({digits, Form::epoch, false, seconds});
            }
            break;
        default:;
        }
    }

    void write(const Place &place, int round)
    {
        const int month = 1 + round / days_a_month;
        const int day = 11 + round % days_a_month - (place.is_late ? 1 : 0);
        std::array<char, 24> digits{};
        switch (place.form) {
        case Form::id:
            std::snprintf(digits.data(), digits.size(), "%02x", round);
            break;
        case Form::iso:
            std::snprintf(digits.data(), digits.size(), "%02d-%02d", month, day);
            break;
        case Form::array:
            std::snprintf(digits.data(), digits.size(), "%d,%d", month, day);
            break;
        case Form::epoch:
            std::snprintf(digits.data(), digits.size(), "%lld", static_cast<long long>(place.epoch + moved(round)));
            break;
        }
        std::memcpy(bytes_.data() + place.at, digits.data(), std::strlen(digits.data()));
    }

    /* Seconds from 2026-01-15 to the round's day. */
    static std::int64_t moved(int round)
    {
        constexpr std::array days_before{0, 31, 59, 90, 120, 151, 181, 212, 243};
        const int day = days_before.at(static_cast<std::size_t>(round / days_a_month)) + 11 + round % days_a_month;
        return std::int64_t{86'400} * (day - 15);
    }

    std::span<char> bytes_;
    std::vector<Place> places_; // in the file's order
};
