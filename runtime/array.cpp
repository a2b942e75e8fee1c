#include "array.hpp"

namespace analytics::runtime {
namespace {

constexpr std::int64_t postgres_epoch = 946'684'800'000'000; // 2000-01-01 in Unix microseconds
constexpr std::size_t has_nulls_at = 4;                      // offsets into the head, see array_send
constexpr std::size_t size_at = 12;
constexpr std::size_t head_size = 20;
constexpr std::size_t length_size = 4; // before each element
constexpr std::uint32_t null_length = 0xFFFF'FFFF;
constexpr std::size_t large = std::size_t{256} * 1024;
/* For a batch of the default size. */
constexpr std::size_t room = std::size_t{5} * 1024 * 1024;

void write32(char *to, std::uint32_t value)
{
    for (int i = 0; i < 4; ++i) to[i] = static_cast<char>(value >> (24 - 8 * i));
}

std::uint32_t read32(const char *from)
{
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(from[i]);
    return value;
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

void ArrayWriter::keep(std::size_t count)
{
    std::size_t end = head_size;
    nulls_ = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t length = read32(buffer_.data() + end);
        end += length_size;
        if (length == null_length)
            ++nulls_;
        else
            end += length;
    }
    buffer_.resize(end);
    size_ = count;
    write32(buffer_.data() + size_at, static_cast<std::uint32_t>(size_));
    write32(buffer_.data() + has_nulls_at, nulls_ == 0 ? 0 : 1);
}

std::size_t ArrayWriter::content_bytes() const noexcept
{
    return buffer_.size() - head_size - size_ * length_size;
}

std::int64_t ArrayWriter::last_integer() const noexcept
{
    const char *const digits = buffer_.data() + buffer_.size() - sizeof(std::int64_t);
    return static_cast<std::int64_t>(std::uint64_t{read32(digits)} << 32 | read32(digits + 4));
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
