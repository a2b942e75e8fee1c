#include "jsonb_writer.hpp"

#include "../../core/error.hpp"
#include "../../core/member_order.hpp"
#include "../border/numeric_form.hpp"

extern "C" {
#include "utils/jsonb.h"
}

#include <algorithm>
#include <cstring>

namespace analytics::pg {
namespace {

using core::Document;
using core::Kind;
using core::Node;
using core::Payload;

/* A larger buffer is freed rather than kept for the next payload. */
constexpr std::size_t kept_capacity = std::size_t{1} << 20;

} // namespace

const char *JsonbWriter::write(const Document &document, const Payload &payload)
{
    if (capacity_ > kept_capacity) {
        buffer_.reset();
        capacity_ = 0;
    }
    size_ = 0;
    members_.clear();
    append_word(0);
    write_container(document, payload.object, &payload);
    if (size_ > JENTRY_OFFLENMASK) throw core::Error("payload is larger than jsonb can hold");
    SET_VARSIZE(buffer_.get(), size_);
    return buffer_.get();
}

void JsonbWriter::write_container(const Document &document, std::uint32_t index, const Payload *payload)
{
    align();
    if (document[index].kind == Kind::object)
        write_object(document, index, payload);
    else
        write_array(document, index);
}

void JsonbWriter::write_array(const Document &document, std::uint32_t index)
{
    const Node &array = document[index];
    const std::uint32_t count = array.size;
    const std::uint32_t end = array.end;
    append_word(count | JB_FARRAY);
    const std::size_t entries = append_entries(count);
    std::size_t total = 0;
    std::size_t child = 0;
    for (std::uint32_t at = index + 1; at < end; at = document[at].end)
        put_entry(entries, child++, write_child(document, at), total);
}

void JsonbWriter::write_object(const Document &document, std::uint32_t index, const Payload *payload)
{
    const std::size_t first = members_.size();
    const std::uint32_t end = document[index].end;
    std::uint32_t position = 0;
    for (std::uint32_t at = index + 1; at < end; at = document[at + 1].end)
        members_.push_back({document[at].view(), at + 1, position++});
    const std::span<const core::AddedMember> added =
        payload != nullptr ? payload->added() : std::span<const core::AddedMember>{};
    for (const core::AddedMember &member : added)
        members_.push_back(
            {member.name, added_member - static_cast<std::uint32_t>(&member - added.data()), position++});
    order_members(first);

    const std::size_t count = members_.size() - first;
    append_word(static_cast<std::uint32_t>(count) | JB_FOBJECT);
    const std::size_t entries = append_entries(2 * count);
    std::size_t total = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string_view name = members_[first + i].name;
        append(name.data(), name.size());
        put_entry(entries, i, JENTRY_ISSTRING | static_cast<std::uint32_t>(name.size()), total);
    }
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t value = members_[first + i].value;
        const std::uint32_t from_end = added_member - value;
        const std::uint32_t entry =
            from_end < added.size() ? write_added(added[from_end]) : write_child(document, value);
        put_entry(entries, count + i, entry, total);
    }
    members_.resize(first);
}

std::uint32_t JsonbWriter::write_child(const Document &document, std::uint32_t index)
{
    const Node &node = document[index];
    const std::size_t start = size_;
    std::uint32_t type = 0;
    switch (node.kind) {
    case Kind::null:
        return JENTRY_ISNULL;
    case Kind::boolean_false:
        return JENTRY_ISBOOL_FALSE;
    case Kind::boolean_true:
        return JENTRY_ISBOOL_TRUE;
    case Kind::string:
        append(node.text, node.size);
        type = JENTRY_ISSTRING;
        break;
    case Kind::number:
        align();
        write_numeric(node.view());
        type = JENTRY_ISNUMERIC;
        break;
    case Kind::array:
    case Kind::object:
        write_container(document, index, nullptr);
        type = JENTRY_ISCONTAINER;
        break;
    }
    const std::size_t length = size_ - start;
    if (length > JENTRY_OFFLENMASK) throw core::Error("payload is larger than jsonb can hold");
    return type | static_cast<std::uint32_t>(length);
}

std::uint32_t JsonbWriter::write_added(const core::AddedMember &member)
{
    const std::size_t start = size_;
    if (member.kind == Kind::number) {
        align();
        write_numeric(member.view());
        return JENTRY_ISNUMERIC | static_cast<std::uint32_t>(size_ - start);
    }
    append(member.bytes, member.size);
    return JENTRY_ISSTRING | member.size;
}

void JsonbWriter::write_numeric(std::string_view number)
{
    core::to_decimal(number, decimal_);
    char head[numeric_head_bytes];
    const std::size_t size = write_numeric_head(decimal_, head);
    append(head, size);
    append(decimal_.digits.data(), decimal_.digits.size() * sizeof(std::int16_t));
}

void JsonbWriter::order_members(std::size_t first)
{
    const auto begin = members_.begin() + static_cast<std::ptrdiff_t>(first);
    members_.erase(begin, core::order_as_jsonb(begin, members_.end()));
}

void JsonbWriter::reserve(std::size_t more)
{
    if (capacity_ - size_ >= more) return;
    const std::size_t capacity = std::max({capacity_ * 2, size_ + more, std::size_t{4096}});
    std::unique_ptr<char[]> buffer{new char[capacity]};
    if (size_ > 0) std::memcpy(buffer.get(), buffer_.get(), size_);
    buffer_ = std::move(buffer);
    capacity_ = capacity;
}

void JsonbWriter::append(const void *bytes, std::size_t size)
{
    reserve(size);
    if (size > 0) std::memcpy(buffer_.get() + size_, bytes, size);
    size_ += size;
}

void JsonbWriter::put_word(std::size_t at, std::uint32_t word)
{
    std::memcpy(buffer_.get() + at, &word, sizeof word);
}

void JsonbWriter::align()
{
    constexpr std::size_t step = sizeof(std::uint32_t);
    constexpr char zeroes[step] = {};
    append(zeroes, (step - size_ % step) % step);
}

std::size_t JsonbWriter::append_entries(std::size_t count)
{
    const std::size_t at = size_;
    reserve(count * sizeof(JEntry));
    size_ += count * sizeof(JEntry);
    return at;
}

void JsonbWriter::put_entry(std::size_t entries, std::size_t child, std::uint32_t entry, std::size_t &total)
{
    total += entry & JENTRY_OFFLENMASK;
    if (total > JENTRY_OFFLENMASK) throw core::Error("payload is larger than jsonb can hold");
    if (child % JB_OFFSET_STRIDE == 0)
        entry = (entry & JENTRY_TYPEMASK) | static_cast<std::uint32_t>(total) | JENTRY_HAS_OFF;
    put_word(entries + child * sizeof(JEntry), entry);
}

} // namespace analytics::pg
