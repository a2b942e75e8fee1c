#include "gzip.hpp"

#include "../../extension/core/text/ascii.hpp"

#include <algorithm>
#include <zlib.h>

namespace analytics::http {

namespace {

constexpr int gzip_format = 16; // added to the window's size
constexpr int memory_level = 8; // zlib's default

/** Whether the parameters have a quality of zero: "q=0", "q=0.000". */
bool is_refused(std::string_view parameters) noexcept
{
    while (!parameters.empty()) {
        std::string_view value = core::take_until(';', parameters);
        if (!core::equals_ignoring_case(core::trimmed(core::take_until('=', value)), "q")) continue;
        value = core::trimmed(value);
        return value.starts_with('0') &&
               std::all_of(value.begin(), value.end(), [](char c) { return c == '0' || c == '.'; });
    }
    return false;
}

} // namespace

bool takes_gzip(std::string_view accept_encoding) noexcept
{
    bool takes_any = false;
    while (!accept_encoding.empty()) {
        std::string_view item = core::take_until(',', accept_encoding);
        const std::string_view coding = core::trimmed(core::take_until(';', item));
        if (core::equals_ignoring_case(coding, "gzip") || core::equals_ignoring_case(coding, "x-gzip"))
            return !is_refused(item);
        if (coding == "*") takes_any = !is_refused(item);
    }
    return takes_any;
}

std::optional<std::string> gzip(std::string_view bytes)
{
    std::string out(bytes.size(), '\0'); // before zlib allocates: nothing throws while it holds memory
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + gzip_format, memory_level, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return std::nullopt;
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data())); // NOLINT: zlib only reads there
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef *>(out.data()); // NOLINT
    stream.avail_out = static_cast<uInt>(out.size());
    const bool fits = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    out.resize(stream.total_out);
    deflateEnd(&stream);
    if (!fits) return std::nullopt;
    return out;
}

} // namespace analytics::http
