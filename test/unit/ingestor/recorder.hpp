/* An observer for tests. */
#pragma once

#include "../../../runtime/observe.hpp"

#include <map>
#include <string>

namespace analytics::ingestor::fakes {

/** Counts events by type, and remembers the fields of the last of each type as text. */
class Recorder final : public runtime::Observer {
public:
    void observe(const runtime::Event &event) override
    {
        Seen &seen = seen_[event.index()];
        ++seen.count;
        seen.fields.clear();
        for (const auto &[name, value] : runtime::fields_of(event)) {
            if (const auto *number = std::get_if<std::int64_t>(&value))
                seen.fields[std::string(name)] = std::to_string(*number);
            else if (const auto *flag = std::get_if<bool>(&value))
                seen.fields[std::string(name)] = *flag ? "true" : "false";
            else if (const auto *json = std::get_if<runtime::Json>(&value))
                seen.fields[std::string(name)] = "json " + std::string(json->text);
            else if (const auto *words = std::get_if<std::string_view>(&value))
                seen.fields[std::string(name)] = *words;
        }
    }

    template <class Event> int count() { return seen_[runtime::Event::index_of<Event>()].count; }
    template <class Event> std::string field(const std::string &name)
    {
        return seen_[runtime::Event::index_of<Event>()].fields[name];
    }

    void alive() override { ++beats; }

    int beats = 0;

private:
    struct Seen {
        int count = 0;
        std::map<std::string, std::string> fields;
    };
    std::map<std::size_t, Seen> seen_;
};

} // namespace analytics::ingestor::fakes
