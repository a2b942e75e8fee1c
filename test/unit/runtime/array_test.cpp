/* The binary array form, byte by byte as array_recv reads it (src/backend/utils/adt/arrayfuncs.c). */
#include "../../../runtime/array.hpp"

#include <gtest/gtest.h>
#include <optional>
#include <vector>

namespace analytics::runtime {
namespace {

/* Reads an array as the server does; an independent reader, so that writer and expectation share nothing. */
class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    std::uint64_t number(int size)
    {
        std::uint64_t value = 0;
        for (int i = 0; i < size; ++i) value = value * 256 + static_cast<unsigned char>(bytes_.at(at_++));
        return value;
    }
    std::string text(std::size_t size)
    {
        const std::string found(bytes_.substr(at_, size));
        at_ += size;
        return found;
    }
    bool is_at_end() const { return at_ == bytes_.size(); }

private:
    std::string_view bytes_;
    std::size_t at_ = 0;
};

struct Array {
    std::uint64_t dimensions, has_nulls, element, lower_bound;
    std::vector<std::optional<std::string>> elements;
};

Array read(const ArrayWriter &writer)
{
    Reader reader(writer.view());
    Array array{};
    array.dimensions = reader.number(4);
    array.has_nulls = reader.number(4);
    array.element = reader.number(4);
    const auto count = reader.number(4);
    array.lower_bound = reader.number(4);
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto size = reader.number(4);
        if (size == 0xFFFF'FFFF)
            array.elements.emplace_back();
        else
            array.elements.emplace_back(reader.text(size));
    }
    EXPECT_TRUE(reader.is_at_end());
    return array;
}

std::string big_endian(std::int64_t value)
{
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(static_cast<std::uint64_t>(value) >> shift);
    return bytes;
}

TEST(ArrayTest, HasOneDimensionFromOne)
{
    ArrayWriter writer(Element::bytea);
    writer.bytes("x");
    const Array array = read(writer);
    EXPECT_EQ(array.dimensions, 1U);
    EXPECT_EQ(array.lower_bound, 1U);
    EXPECT_EQ(array.element, 17U);
}

TEST(ArrayTest, EmptyIsReadable)
{
    EXPECT_TRUE(read(ArrayWriter(Element::text)).elements.empty());
}

TEST(ArrayTest, KeepsBytesAsTheyAre)
{
    using namespace std::string_literals;
    ArrayWriter writer(Element::bytea);
    writer.bytes("a\0b\xFF"s);
    writer.bytes("");
    EXPECT_EQ(read(writer).elements, (std::vector<std::optional<std::string>>{"a\0b\xFF"s, ""}));
}

TEST(ArrayTest, NullsAreFlagged)
{
    ArrayWriter writer(Element::bytea);
    writer.bytes("a");
    EXPECT_EQ(read(writer).has_nulls, 0U);
    EXPECT_TRUE(writer.has_values());
    writer.null();
    EXPECT_EQ(read(writer).has_nulls, 1U);
    EXPECT_EQ(read(writer).elements.back(), std::nullopt);
}

TEST(ArrayTest, OnlyNullsAreNoValues)
{
    ArrayWriter writer(Element::jsonb);
    EXPECT_FALSE(writer.has_values());
    writer.null();
    EXPECT_FALSE(writer.has_values());
    EXPECT_EQ(writer.size(), 1U);
}

TEST(ArrayTest, IntegersAreBigEndian)
{
    ArrayWriter writer(Element::int8);
    const std::vector<std::int64_t> values{0, 1, -1, 1LL << 40, std::numeric_limits<std::int64_t>::min()};
    std::vector<std::optional<std::string>> expected;
    for (const auto value : values) {
        writer.integer(value);
        expected.emplace_back(big_endian(value));
    }
    EXPECT_EQ(read(writer).elements, expected);
}

TEST(ArrayTest, InstantsCountFromTheYear2000)
{
    ArrayWriter writer(Element::timestamptz);
    writer.instant(946'684'800'000'000);
    writer.instant(946'684'800'000'001);
    writer.instant(0);
    EXPECT_EQ(read(writer).elements, (std::vector<std::optional<std::string>>{big_endian(0), big_endian(1),
                                                                              big_endian(-946'684'800'000'000)}));
}

TEST(ArrayTest, JsonbHasItsVersionByte)
{
    ArrayWriter writer(Element::jsonb);
    writer.jsonb("[]");
    EXPECT_EQ(read(writer).elements.front(), "\1[]");
}

TEST(ArrayTest, ClearStartsAnew)
{
    ArrayWriter writer(Element::bytea);
    writer.null();
    writer.clear();
    writer.bytes("z");
    const Array array = read(writer);
    EXPECT_EQ(array.has_nulls, 0U);
    EXPECT_EQ(array.elements, (std::vector<std::optional<std::string>>{"z"}));
}

TEST(ArrayWriterTest, KeepsItsFirstElements)
{
    for (std::size_t count = 0; count <= 4; ++count) {
        ArrayWriter kept(Element::bytea);
        ArrayWriter written(Element::bytea);
        const std::vector<std::optional<std::string>> elements{"a", "", std::nullopt, "long enough"};
        const auto write = [](ArrayWriter &array, const std::optional<std::string> &element) {
            if (element)
                array.bytes(*element);
            else
                array.null();
        };
        for (const auto &element : elements) write(kept, element);
        for (std::size_t i = 0; i < count; ++i) write(written, elements[i]);
        kept.keep(count);
        EXPECT_EQ(kept.view(), written.view()) << count;
        EXPECT_EQ(kept.size(), count);
        EXPECT_EQ(kept.has_values(), written.has_values());
        kept.bytes("more");
        written.bytes("more");
        EXPECT_EQ(kept.view(), written.view()) << count;
    }
}

TEST(ArrayWriterTest, TellsItsLastIntegerAndItsContentsSize)
{
    ArrayWriter array(Element::int8);
    for (const std::int64_t value : {std::int64_t{1}, std::int64_t{-2}, std::int64_t{1} << 40}) {
        array.integer(value);
        EXPECT_EQ(array.last_integer(), value);
    }
    EXPECT_EQ(array.content_bytes(), 24U);
}

} // namespace
} // namespace analytics::runtime
