#include "array.hpp"

namespace analytics::runtime {
namespace {

constexpr std::int64_t postgres_epoch = 946'684'800'000'000; // 2000-01-01 in Unix microseconds
constexpr std::size_t has_nulls_at = 4;                      // offsets into the head, see array_send
constexpr std::size_t size_at = 12;
constexpr std::uint32_t null_length = 0xFFFF'FFFF;
constexpr std::size_t large = std::size_t{256} * 1024;
/* For a batch as large as the ingestor makes them unless told otherwise. */
constexpr std::size_t room = std::size_t{5} * 1024 * 1024;

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
    begin_element(null_length);
    if (nulls_++ == 0) write32(buffer_.data() + has_nulls_at, 1);
}

void ArrayWriter::bytes(std::string_view value)
{
    begin_element(static_cast<std::uint32_t>(value.size()));
    buffer_ += value;
}

void ArrayWriter::jsonb(std::string_view text)
{
    begin_element(static_cast<std::uint32_t>(text.size() + 1));
    buffer_ += '\1'; // jsonb_recv's version
    buffer_ += text;
}

void ArrayWriter::integer(std::int64_t value)
{
    begin_element(sizeof value);
    put64(static_cast<std::uint64_t>(value));
}

void ArrayWriter::instant(std::int64_t unix_micros)
{
    integer(unix_micros - postgres_epoch);
}

void ArrayWriter::begin_element(std::uint32_t length_word)
{
    if (buffer_.size() > large && buffer_.capacity() < room) buffer_.reserve(room);
    write32(buffer_.data() + size_at, static_cast<std::uint32_t>(++size_));
    put32(length_word);
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
