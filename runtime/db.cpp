#include "db.hpp"

#include "../extension/core/text/integer.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <limits>

namespace analytics::runtime {

void Result::Clear::operator()(pg_result *result) const noexcept
{
    PQclear(result);
}

int Result::rows() const noexcept
{
    return PQntuples(result_.get());
}

int Result::columns() const noexcept
{
    return PQnfields(result_.get());
}

std::string_view Result::name(int column) const noexcept
{
    return PQfname(result_.get(), column);
}

std::optional<std::string_view> Result::get(int row, int column) const noexcept
{
    if (PQgetisnull(result_.get(), row, column) != 0) return {};
    return std::string_view(PQgetvalue(result_.get(), row, column),
                            static_cast<std::size_t>(PQgetlength(result_.get(), row, column)));
}

std::string_view Result::text(int row, int column) const
{
    const auto value = row < rows() && column < columns() ? get(row, column) : std::nullopt;
    if (!value) throw DbError("22004", fmt::format("no value in row {}, column {} of the answer", row, column));
    return *value;
}

std::int64_t Result::integer(int row, int column) const
{
    const auto value = core::integer_of<std::int64_t>(text(row, column));
    if (!value) throw DbError("22P02", fmt::format("no integer in row {}, column {} of the answer", row, column));
    return *value;
}

Parameters &Parameters::null()
{
    values_.push_back(nullptr);
    lengths_.push_back(0);
    formats_.push_back(0);
    return *this;
}

Parameters &Parameters::text(std::optional<std::string_view> value)
{
    if (!value) return null();
    if (value->find('\0') != std::string_view::npos) // libpq would end the text there
        throw DbError("22021", "invalid byte sequence for encoding \"UTF8\": 0x00");
    values_.push_back(owned_.emplace_back(*value).c_str());
    lengths_.push_back(0);
    formats_.push_back(0);
    return *this;
}

Parameters &Parameters::integer(std::optional<std::int64_t> value)
{
    return value ? text(std::to_string(*value)) : null();
}

Parameters &Parameters::binary(std::optional<std::string_view> value)
{
    if (!value) return null();
    if (value->size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        throw DbError("54000", "a parameter of more than 2 GiB");
    values_.push_back(value->data() == nullptr ? "" : value->data());
    lengths_.push_back(static_cast<int>(value->size()));
    formats_.push_back(1);
    return *this;
}

} // namespace analytics::runtime
