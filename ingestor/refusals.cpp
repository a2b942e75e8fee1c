#include "refusals.hpp"

#include "../extension/core/text/integer.hpp"

#include <optional>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

namespace analytics::ingestor {
namespace {

class Reading : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Reading> {
public:
    std::vector<std::pair<std::string, std::int64_t>> counts;

    bool StartObject()
    {
        reason_.clear();
        count_.reset();
        return true;
    }
    bool Key(const char *text, rapidjson::SizeType size, bool)
    {
        key_.assign(text, size);
        return true;
    }
    bool String(const char *text, rapidjson::SizeType size, bool)
    {
        if (key_ == "reason") reason_.assign(text, size);
        return true;
    }
    bool RawNumber(const char *text, rapidjson::SizeType size, bool)
    {
        if (key_ == "count") count_ = core::integer_of<std::int64_t>({text, size});
        return true;
    }
    bool EndObject(rapidjson::SizeType)
    {
        if (!reason_.empty() && count_) counts.emplace_back(std::move(reason_), *count_);
        reason_.clear();
        return true;
    }

private:
    std::string key_;
    std::string reason_;
    std::optional<std::int64_t> count_;
};

} // namespace

std::vector<std::pair<std::string, std::int64_t>> counts_by_reason(std::string_view refusals)
{
    // Numbers as text: the library's own conversion reads out of bounds for some exponents (CVE-2024-38517).
    constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
    rapidjson::MemoryStream stream(refusals.data(), refusals.size());
    Reading reading;
    rapidjson::Reader reader;
    if (reader.Parse<flags>(stream, reading).IsError()) return {};
    return std::move(reading.counts);
}

} // namespace analytics::ingestor
