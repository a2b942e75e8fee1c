/* The reader over RapidJSON 1.1.0's SAX interface: iterative, in place, numbers left as text. This is the only file
 * that knows RapidJSON, in a namespace of its own, since PostgreSQL loads all modules into one symbol space.
 *
 * The order of the checks is the order of precedence: size, UTF-8, then grammar and depth together. AbridgingStream
 * stands between the bytes and RapidJSON, and avoids RapidJSON's known faults. */
#include "json.hpp"

#include "error.hpp"
#include "json_stream.hpp"
#include "number.hpp"
#include "text/utf8.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#define RAPIDJSON_NAMESPACE analytics::core::rapidjson
#define RAPIDJSON_NAMESPACE_BEGIN namespace analytics::core::rapidjson {
#define RAPIDJSON_NAMESPACE_END }
#define RAPIDJSON_FORCEINLINE __attribute__((always_inline)) // else under NDEBUG only; a third of the time
#define RAPIDJSON_ASSERT(promise)                                                                                      \
    (static_cast<bool>(promise) ? static_cast<void>(0) : throw analytics::core::Error("json reader: " #promise))
#include <rapidjson/reader.h>

namespace analytics::core {

/** Names the reader's stack below; allocates nothing itself. */
struct OpenContainers;

namespace rapidjson {

/** The reader's stack. When reading in place it holds two numbers for each open container, so max_depth limits the
 * memory that is kept for the next record. RapidJSON's own stack writes through a failed allocation and adds to
 * null. */
template <> class internal::Stack<OpenContainers> {
public:
    Stack(OpenContainers * /*allocator*/, std::size_t /*capacity*/) {}

    void Clear() noexcept { size_ = 0; }

    template <class T> T *Push(std::size_t count = 1)
    {
        size_ += count;
        if (slots_.size() < size_) slots_.resize(size_);
        return top<T>(count);
    }
    template <class T> T *Pop(std::size_t count)
    {
        size_ -= count;
        return top<T>(0);
    }
    template <class T> T *Top() { return top<T>(1); }

private:
    template <class T> T *top(std::size_t count)
    {
        if constexpr (std::is_same_v<T, SizeType>)
            return slots_.data() + (size_ - count);
        else
            throw Error("json reader: text on the stack");
    }

    std::vector<SizeType> slots_;
    std::size_t size_ = 0;
};

template <> inline void SkipWhitespace(AbridgingStream &is)
{
    is.skip_whitespace();
}

} // namespace rapidjson

namespace {

using Reader = rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, OpenContainers>;

constexpr unsigned reader_flags =
    rapidjson::kParseIterativeFlag | rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag;

Refusal refusal(Reason reason, std::string_view what, std::size_t at)
{
    return {reason, std::string(what) + " at byte " + std::to_string(at)};
}

/** What is wrong at this byte, in words; value is what was to be read. */
std::string_view describe(rapidjson::ParseErrorCode code, std::string_view value, std::size_t at)
{
    if (value.starts_with("\xEF\xBB\xBF")) return "a byte order mark";
    if (at < value.size() && value[at] == '\0') return "a NUL byte";
    switch (code) {
    case rapidjson::kParseErrorDocumentEmpty:
        return "missing a value";
    case rapidjson::kParseErrorDocumentRootNotSingular:
        return "something follows the value";
    case rapidjson::kParseErrorValueInvalid:
        return "invalid value";
    case rapidjson::kParseErrorObjectMissName:
        return "missing a member name";
    case rapidjson::kParseErrorObjectMissColon:
        return "missing a colon after a member name";
    case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket:
        return "missing a comma or } after an object member";
    case rapidjson::kParseErrorArrayMissCommaOrSquareBracket:
        return "missing a comma or ] after an array element";
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex:
        return "invalid hexadecimal digit in an escape";
    case rapidjson::kParseErrorStringEscapeInvalid:
        return value[at] == '\\' ? "invalid escape" : "unescaped control character in a string";
    case rapidjson::kParseErrorStringMissQuotationMark:
        return "missing a closing quotation mark";
    case rapidjson::kParseErrorNumberMissFraction:
        return "missing digits after a decimal point";
    case rapidjson::kParseErrorNumberMissExponent:
        return "missing digits in an exponent";
    default:
        throw Error("json reader: an unknown error code");
    }
}

} // namespace

/** RapidJSON's handler, which writes the tape. */
class Document::Builder {
public:
    Refusal read(std::string_view value, const Limits &limits);

    const Refusal &unstorable() const noexcept { return unstorable_; }
    const std::vector<Node> &nodes() const noexcept { return nodes_; }

    bool Null() { return leaf(Kind::null); }
    bool Bool(bool value) { return leaf(value ? Kind::boolean_true : Kind::boolean_false); }
    bool String(const char *text, rapidjson::SizeType size, bool /*copy*/) { return leaf(Kind::string, text, size); }
    bool RawNumber(const char *end, rapidjson::SizeType size, bool /*copy*/)
    {
        const char *const text = end - size; // in place, RapidJSON asks where a number stands only when it is behind it
        if (bad_number_ == nullptr && !fits_numeric({text, size})) bad_number_ = text;
        return leaf(Kind::number, text, size);
    }
    bool Key(const char *text, rapidjson::SizeType size, bool copy) { return String(text, size, copy); }
    bool StartObject() { return open(Kind::object); }
    bool EndObject(rapidjson::SizeType members) { return close(members); }
    bool StartArray() { return open(Kind::array); }
    bool EndArray(rapidjson::SizeType elements) { return close(elements); }

    bool Int(int /*value*/) { return never(); }
    bool Uint(unsigned /*value*/) { return never(); }
    bool Int64(std::int64_t /*value*/) { return never(); }
    bool Uint64(std::uint64_t /*value*/) { return never(); }
    bool Double(double /*value*/) { return never(); }

private:
    /** Each buffer may keep so much for the next record: there are hundreds of backends, and they live for days. A
     * larger buffer is kept only while records need at least half of it. */
    static constexpr std::size_t kept_bytes = std::size_t{256} << 10;

    char *copy_of(std::string_view value);
    void reset(std::size_t value_size, const Limits &limits);
    void note_unstorable(const AbridgingStream &stream);

    // Nodes are filled in place: copying a node that was just written would stall.
    bool leaf(Kind kind, const char *text = nullptr, std::uint32_t size = 0)
    {
        Node &node = nodes_.emplace_back();
        node.text = text;
        node.size = size;
        node.end = static_cast<std::uint32_t>(nodes_.size());
        node.kind = kind;
        return true;
    }

    /** While a container is open its end holds the index of the one around it. */
    bool open(Kind kind)
    {
        if (depth_ == max_depth_) return false;
        ++depth_;
        Node &container = nodes_.emplace_back();
        container.end = innermost_;
        container.kind = kind;
        innermost_ = static_cast<std::uint32_t>(nodes_.size()) - 1;
        return true;
    }

    bool close(std::uint32_t size)
    {
        --depth_;
        Node &container = nodes_[innermost_];
        innermost_ = container.end;
        container.end = static_cast<std::uint32_t>(nodes_.size());
        container.size = size;
        return true;
    }

    [[noreturn]] static bool never() { throw Error("json reader: a number was converted"); }

    Reader reader_;
    std::vector<char> text_;
    std::vector<Node> nodes_;
    Refusal unstorable_;
    const char *bad_number_ = nullptr;
    std::uint32_t innermost_ = 0;
    std::uint32_t depth_ = 0;
    std::uint32_t max_depth_ = 0;
};

char *Document::Builder::copy_of(std::string_view value)
{
    const std::size_t needed = value.size() + AbridgingStream::padding;
    if (text_.size() > kept_bytes && text_.size() / 2 > needed)
        text_ = std::vector<char>(); // `= {}` would keep the capacity
    if (text_.size() < needed) text_.resize(needed);
    std::copy(value.begin(), value.end(), text_.begin());
    std::fill_n(text_.begin() + static_cast<std::ptrdiff_t>(value.size()), AbridgingStream::padding, '\0');
    return text_.data();
}

void Document::Builder::reset(std::size_t value_size, const Limits &limits)
{
    const std::size_t most_nodes = value_size / 2 + 1; // each but the first comes after a bracket, a comma or a colon
    if (nodes_.capacity() > kept_bytes / sizeof(Node) && nodes_.capacity() / 2 > most_nodes)
        nodes_ = std::vector<Node>();
    nodes_.clear();
    if (unstorable_) unstorable_ = {};
    bad_number_ = nullptr;
    innermost_ = 0;
    depth_ = 0;
    max_depth_ = limits.max_depth;
}

void Document::Builder::note_unstorable(const AbridgingStream &stream)
{
    const auto offset = [this](const char *at) { return static_cast<std::size_t>(at - text_.data()); };
    if (const char *escape = stream.unstorable_escape())
        unstorable_ = refusal(Reason::unstorable_text, "\\u0000 or an unpaired surrogate", offset(escape));
    else if (bad_number_ != nullptr)
        unstorable_ = refusal(Reason::unstorable_number, "a number out of numeric's range", offset(bad_number_));
}

Refusal Document::Builder::read(std::string_view value, const Limits &limits)
{
    reset(value.size(), limits);
    if (value.size() > limits.max_bytes || value.size() > std::numeric_limits<std::int32_t>::max())
        return {Reason::too_large,
                std::to_string(value.size()) + " bytes, more than " + std::to_string(limits.max_bytes)};
    const std::size_t invalid = first_invalid_utf8(value);
    if (invalid != value.size()) return refusal(Reason::invalid_utf8, "an ill-formed sequence", invalid);

    AbridgingStream stream(copy_of(value), value.size());
    const rapidjson::ParseResult result = reader_.Parse<reader_flags>(stream, *this);
    if (result.Code() == rapidjson::kParseErrorTermination)
        return refusal(Reason::too_deep, "more than " + std::to_string(max_depth_) + " levels", result.Offset());
    if (result.IsError())
        return refusal(Reason::invalid_json, describe(result.Code(), value, result.Offset()), result.Offset());
    if (stream.Tell() != value.size()) return refusal(Reason::invalid_json, "a NUL byte", stream.Tell());

    note_unstorable(stream);
    return {};
}

Document::Document() : builder_(std::make_unique<Builder>())
{
}

Document::~Document() = default;

Refusal Document::read(std::string_view value, const Limits &limits)
{
    return builder_->read(value, limits);
}

const Refusal &Document::unstorable() const noexcept
{
    return builder_->unstorable();
}

const Node &Document::operator[](std::uint32_t index) const noexcept
{
    return builder_->nodes()[index];
}

std::span<const Node> Document::nodes() const noexcept
{
    return builder_->nodes();
}

std::uint32_t Document::size() const noexcept
{
    return static_cast<std::uint32_t>(builder_->nodes().size());
}

} // namespace analytics::core
