#include "array.hpp"

namespace analytics::runtime {
namespace {

constexpr std::int64_t postgres_epoch = 946'684'800'000'000; // 2000-01-01 in Unix microseconds
constexpr std::size_t has_nulls_at = 4;                      // offsets into the head, see array_send
constexpr std::size_t size_at = 12;

void write32(char *to, std::uint32_t value)
{
    for (int i = 0; i < 4; ++i) to[i] = static_cast<char>(value >> (24 - 8 * i));
}

} // namespace

ArrayWriter::ArrayWriter(Element element) : element_(element)
{
    clear();
}

void ArrayWriter::clear()
{
    buffer_.clear();
    size_ = 0;
    nulls_ = 0;
    put32(1); // dimensions
    put32(0); // whether there are nulls
    put32(static_cast<std::uint32_t>(element_));
    put32(0); // elements
    put32(1); // lower bound
}

void ArrayWriter::null()
{
    put32(0xFFFF'FFFF);
    ++size_;
    ++nulls_;
}

void ArrayWriter::bytes(std::string_view value)
{
    element_size(value.size());
    buffer_ += value;
}

void ArrayWriter::jsonb(std::string_view text)
{
    element_size(text.size() + 1);
    buffer_ += '\1'; // jsonb_recv's version
    buffer_ += text;
}

void ArrayWriter::integer(std::int64_t value)
{
    element_size(sizeof value);
    put64(static_cast<std::uint64_t>(value));
}

void ArrayWriter::instant(std::int64_t unix_micros)
{
    integer(unix_micros - postgres_epoch);
}

std::string_view ArrayWriter::view()
{
    write32(buffer_.data() + has_nulls_at, nulls_ > 0 ? 1 : 0);
    write32(buffer_.data() + size_at, static_cast<std::uint32_t>(size_));
    return buffer_;
}

void ArrayWriter::element_size(std::size_t bytes)
{
    put32(static_cast<std::uint32_t>(bytes));
    ++size_;
}

void ArrayWriter::put32(std::uint32_t value)
{
    char bytes[4];
    write32(bytes, value);
    buffer_.append(bytes, sizeof bytes);
}

void ArrayWriter::put64(std::uint64_t value)
{
    put32(static_cast<std::uint32_t>(value >> 32));
    put32(static_cast<std::uint32_t>(value));
}

} // namespace analytics::runtime
