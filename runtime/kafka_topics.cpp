#include "kafka_topics.hpp"

#include "../extension/core/text/ascii.hpp"
#include "../extension/core/text/quotes.hpp"

#include <algorithm>
#include <array>
#include <regex.h>

namespace analytics::runtime {
namespace {

constexpr std::size_t max_topic_length = 249; // Kafka's

/* A compiled expression, or what is wrong with it. */
class Expression {
public:
    explicit Expression(const std::string &text) : code_(regcomp(&compiled_, text.c_str(), REG_EXTENDED | REG_NOSUB))
    {
        if (code_ == 0) return;
        std::array<char, 128> words{};
        regerror(code_, &compiled_, words.data(), words.size());
        fault_ = words.data();
    }
    ~Expression()
    {
        if (code_ == 0) regfree(&compiled_);
    }
    Expression(const Expression &) = delete;
    Expression &operator=(const Expression &) = delete;

    [[nodiscard]] const std::string &fault() const noexcept { return fault_; }
    [[nodiscard]] bool matches(const std::string &topic) const
    {
        return code_ == 0 && regexec(&compiled_, topic.c_str(), 0, nullptr, 0) == 0;
    }

private:
    regex_t compiled_{};
    int code_;
    std::string fault_;
};

bool is_expression(std::string_view item)
{
    return item.starts_with('^');
}

bool is_internal(std::string_view topic)
{
    return topic.starts_with("__");
}

std::string expression_fault(const std::string &item)
{
    const Expression expression(item);
    if (!expression.fault().empty())
        return "not a regular expression: " + core::in_quotes(item) + ": " + expression.fault();
    if (is_internal(item.substr(1)))
        return "matches nothing: " + core::in_quotes(item) + ": topics that begin with __ are Kafka's own";
    return {};
}

} // namespace

std::vector<std::string> topic_items(std::string_view list)
{
    std::vector<std::string> items;
    for (;;) {
        const std::size_t comma = list.find(',');
        items.emplace_back(list.substr(0, comma));
        if (comma == std::string_view::npos) return items;
        list.remove_prefix(comma + 1);
    }
}

bool has_expression(std::string_view list)
{
    return std::ranges::any_of(topic_items(list), is_expression);
}

bool is_read(std::string_view list, const std::string &topic)
{
    return std::ranges::any_of(topic_items(list), [&](const std::string &item) {
        return is_expression(item) ? !is_internal(topic) && Expression(item).matches(topic) : item == topic;
    });
}

std::string topic_name_fault(std::string_view topic)
{
    const bool plain = std::all_of(topic.begin(), topic.end(),
                                   [](char c) { return core::is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
    if (topic.empty()) return "an empty topic name";
    if (!plain || topic.size() > max_topic_length || topic == "." || topic == "..")
        return "not a topic name: " + core::in_quotes(topic);
    return {};
}

std::string topics_fault(std::string_view list)
{
    std::vector<std::string> items = topic_items(list);
    for (const std::string &item : items)
        if (std::string fault = is_expression(item) ? expression_fault(item) : topic_name_fault(item); !fault.empty())
            return fault;
    if (has_expression(list))
        if (const auto own = std::ranges::find_if(items, is_internal); own != items.end())
            return "can't be combined with a regular expression: " + core::in_quotes(*own) +
                   ": topics that begin with __ are Kafka's own";
    std::ranges::sort(items);
    if (const auto twin = std::ranges::adjacent_find(items); twin != items.end())
        return "twice: " + core::in_quotes(*twin);
    return {};
}

} // namespace analytics::runtime
