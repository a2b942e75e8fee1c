#include "payload_reader.hpp"
#include "../../core/text/utf8.hpp"
#include "../border/boundary.hpp"
#include "../border/numeric_form.hpp"

#include <charconv>

namespace analytics::pg {
// NOLINTBEGIN(cppcoreguidelines-pro-type-union-access): jsonb's values are unions
namespace {

/* The position in an array that a step of a path names, as for #>: a negative one counts from the end. */
bool position_of(const std::string &step, std::uint32_t size, std::uint32_t &position)
{
    std::int64_t number = 0;
    const char *const end = step.data() + step.size();
    const auto read = std::from_chars(step.data(), end, number);
    if (read.ec != std::errc{} || read.ptr != end) return false;
    if (number < 0) number += size;
    position = static_cast<std::uint32_t>(number);
    return number >= 0 && number < size;
}

/* The value at the path, or false. */
bool find(JsonbContainer *container, const std::vector<std::string> &path, JsonbValue &found)
{
    for (std::size_t i = 0;; ++i) {
        const std::string &step = path[i];
        const JsonbValue *value = nullptr;
        std::uint32_t position = 0;
        if (JsonContainerIsObject(container)) {
            value = getKeyJsonValueFromContainer(container, step.data(), static_cast<int>(step.size()), &found);
        } else if (!JsonContainerIsScalar(container) && position_of(step, JsonContainerSize(container), position)) {
            value = getIthJsonbValueFromContainer(container, position);
            if (value != nullptr) found = *value;
        }
        if (value == nullptr) return false;
        if (i + 1 == path.size()) return true;
        if (found.type != jbvBinary) return false;
        container = found.val.binary.data;
    }
}

} // namespace

PayloadReader::PayloadReader(MemoryContext context, const ExtensionSchema &schema, const ProjectionRule &rule)
    : projection_(rule.projection), upcaster_(context, schema, rule.upcasts)
{
    event_.values.resize(projection_.measures.size());
}

const core::ProjectedEvent &PayloadReader::read(std::string_view event_type, Datum payload)
{
    Jsonb *const document = DatumGetJsonbP(upcaster_.latest_or_stored(event_type, payload));
    JsonbValue found[2 * core::max_projection_fields];
    bool is_found[2 * core::max_projection_fields];
    std::size_t field = 0;
    for (const std::vector<core::Field> *fields : {&projection_.dimensions, &projection_.measures})
        for (const core::Field &wanted : *fields) {
            is_found[field] = find(&document->root, wanted.path, found[field]) && found[field].type != jbvNull;
            ++field;
        }

    guarded([&] {
        key_.clear();
        event_.mismatched = false;
        std::size_t i = 0;
        for (const core::Field &dimension : projection_.dimensions) {
            put_dimension(dimension.type, is_found[i] ? &found[i] : nullptr);
            ++i;
        }
        for (std::size_t measure = 0; measure < projection_.measures.size(); ++measure, ++i)
            put_measure(measure, is_found[i] ? &found[i] : nullptr);
        event_.key = key_.key();
    });
    return event_;
}

void PayloadReader::put_dimension(core::ValueType type, const JsonbValue *found)
{
    using core::ValueType;
    if (found == nullptr) {
        key_.put_null();
    } else if (type == ValueType::text && found->type == jbvString) {
        const std::string_view text{found->val.string.val, static_cast<std::size_t>(found->val.string.len)};
        if (core::count_characters(text) <= core::max_dimension_text) return key_.put(text);
        event_.mismatched = true;
        key_.put_null();
    } else if (type == ValueType::boolean && found->type == jbvBool) {
        key_.put(found->val.boolean);
    } else if ((type == ValueType::bigint || type == ValueType::numeric) && found->type == jbvNumeric) {
        put_number(type, *found);
    } else {
        event_.mismatched = true;
        key_.put_null();
    }
}

void PayloadReader::put_number(core::ValueType type, const JsonbValue &found)
{
    read_numeric(reinterpret_cast<const char *>(found.val.numeric), decimal_);
    number_.assign(decimal_);
    if (type == core::ValueType::bigint && !number_.to_int64()) {
        event_.mismatched = true;
        key_.put_null();
    } else {
        key_.put(number_);
    }
}

void PayloadReader::put_measure(std::size_t measure, const JsonbValue *found)
{
    std::optional<core::ExactNumber> &value = event_.values[measure];
    if (found != nullptr && found->type == jbvNumeric) {
        read_numeric(reinterpret_cast<const char *>(found->val.numeric), decimal_);
        if (!value) value.emplace();
        value->assign(decimal_);
    } else {
        value.reset();
        if (found != nullptr) event_.mismatched = true;
    }
}

// NOLINTEND(cppcoreguidelines-pro-type-union-access)

} // namespace analytics::pg
