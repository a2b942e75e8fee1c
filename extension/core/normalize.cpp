#include "normalize.hpp"

#include "text/utf8.hpp"

#include <algorithm>
#include <array>

namespace analytics::core {

namespace {

/** The canonical members: their slots and their names. */
namespace own {
enum : Slot { event_type, source, payload, occurred_at, tenant_id, event_id };
constexpr std::array<std::string_view, 6> names{"eventType", "source", "payload", "occurredAt", "tenantId", "eventId"};
} // namespace own

constexpr std::size_t max_event_type = 120;
constexpr std::size_t max_source = 120;
constexpr std::size_t max_tenant_id = 64;
constexpr std::size_t max_event_id = 200;

bool is_text_of(const Node &node, std::size_t max_length) noexcept
{
    if (node.kind != Kind::string || node.size == 0) return false;
    return node.size <= max_length || count_characters(node.view()) <= max_length;
}

/** "member: what". A long name is cut to suit a log line: a shape may name any member. */
Refusal refuse(Reason reason, std::string_view member, std::string_view what)
{
    constexpr std::size_t longest = 120;

    std::size_t cut = std::min(member.size(), longest);
    while (cut < member.size() && cut > 0 && continues_character(member[cut])) --cut;
    std::string detail(member.substr(0, cut));
    if (cut < member.size()) detail += "...";
    return {reason, detail.append(": ").append(what)};
}

Refusal not_text_of(std::string_view member, std::size_t max_length)
{
    return refuse(Reason::invalid_field, member,
                  "must be a string of 1 to " + std::to_string(max_length) + " characters");
}

Refusal no_instant(std::string_view member, bool is_null)
{
    return refuse(Reason::invalid_timestamp, member,
                  is_null ? "must not be null" : "must be an instant in the years 0001 to 9999");
}

std::string_view article_and_name(Kind kind) noexcept
{
    switch (kind) {
    case Kind::null:
        return "null";
    case Kind::boolean_false:
    case Kind::boolean_true:
        return "a boolean";
    case Kind::number:
        return "a number";
    case Kind::string:
        return "a string";
    case Kind::array:
        return "an array";
    case Kind::object:
        break;
    }
    return "an object";
}

} // namespace

Normalizer::Normalizer(const Shapes &shapes, Limits limits, TimeLimits time_limits)
    : limits_(limits), time_limits_(time_limits), recognizer_(shapes, own::names)
{
}

const Verdict &Normalizer::normalize(std::string_view value, std::optional<Instant> ingested_at)
{
    ingested_at_ = ingested_at;
    verdict_.refusal = judge(value);
    return verdict_;
}

const Verdict &Normalizer::normalize_tombstone()
{
    verdict_.refusal = {Reason::tombstone, "the record has no value"};
    return verdict_;
}

Refusal Normalizer::judge(std::string_view value)
{
    if (Refusal refusal = document_.read(value, limits_)) return refusal;
    if (const Kind kind = document_[0].kind; kind != Kind::object)
        return {Reason::not_an_object, std::string("expected an object, found ").append(article_and_name(kind))};

    verdict_.occurred_at.reset();
    verdict_.tenant_id.reset();
    verdict_.key.clear();
    verdict_.has_key = false;
    verdict_.payload = {};

    const Members &members = recognizer_.look_at(document_, 0);
    Refusal refusal;
    if (members.present(own::event_type) && members.present(own::payload))
        refusal = judge_canonical(members);
    else if (const Recipe *recipe = recognizer_.match())
        refusal = judge_shape(members, *recipe);
    else
        refusal = {Reason::unknown_shape, "neither canonical nor of any known shape"};
    if (refusal) return refusal;
    return document_.unstorable();
}

Refusal Normalizer::judge_canonical(const Members &members)
{
    for (const Slot required : {own::event_type, own::source, own::payload})
        if (!members.not_null(required))
            return refuse(Reason::missing_field, own::names[required],
                          members.present(required) ? "must not be null" : "is required");

    const Node &type = document_[members.node(own::event_type)];
    if (!is_text_of(type, max_event_type)) return not_text_of(own::names[own::event_type], max_event_type);
    const Node &origin = document_[members.node(own::source)];
    if (!is_text_of(origin, max_source)) return not_text_of(own::names[own::source], max_source);
    const std::uint32_t body = members.node(own::payload);
    if (document_[body].kind != Kind::object)
        return refuse(Reason::invalid_field, own::names[own::payload], "must be an object");
    if (Refusal refusal = take_tenant(members)) return refusal;
    if (members.not_null(own::event_id)) {
        const Node &id = document_[members.node(own::event_id)];
        if (!is_text_of(id, max_event_id)) return not_text_of(own::names[own::event_id], max_event_id);
        verdict_.key.push_back(id.view());
        verdict_.has_key = true;
    } else {
        take_payload_key(body);
    }
    if (members.not_null(own::occurred_at)) {
        verdict_.occurred_at = instant_of(document_, members.node(own::occurred_at));
        if (!verdict_.occurred_at) return no_instant(own::names[own::occurred_at], false);
        if (Refusal refusal = judge_time(own::names[own::occurred_at], time_limits_)) return refusal;
    }

    verdict_.shape = "canonical";
    verdict_.event_type = type.view();
    verdict_.source = origin.view();
    verdict_.payload.object = body;
    return {};
}

Refusal Normalizer::judge_shape(const Members &members, const Recipe &recipe)
{
    const Shape &shape = *recipe.shape;
    if (Refusal refusal = take_tenant(members)) return refusal;
    if (recipe.time != SlotTable::none) {
        if (!members.present(recipe.time)) return refuse(Reason::invalid_timestamp, shape.time_member, "is required");
        verdict_.occurred_at = instant_of(document_, members.node(recipe.time));
        if (!verdict_.occurred_at) return no_instant(shape.time_member, !members.not_null(recipe.time));
        const TimeLimits limits{shape.max_future.value_or(time_limits_.max_future),
                                shape.max_past.value_or(time_limits_.max_past)};
        if (Refusal refusal = judge_time(shape.time_member, limits)) return refusal;
        if (!shape.iso_member.empty()) {
            verdict_.payload.added_name = shape.iso_member;
            verdict_.payload.added_text = iso8601(*verdict_.occurred_at);
        }
    }

    verdict_.has_key = !recipe.key.empty();
    for (const Slot slot : recipe.key) {
        const Node *value = members.present(slot) ? &document_[members.node(slot)] : nullptr;
        if (value == nullptr || (value->kind != Kind::string && value->kind != Kind::number)) {
            verdict_.has_key = false;
            verdict_.key.clear();
            break;
        }
        verdict_.key.push_back(value->view());
    }

    verdict_.shape = shape.name;
    verdict_.event_type = shape.event_type;
    verdict_.source = shape.source;
    return {};
}

/** The verdict's time against the ingestion time. */
Refusal Normalizer::judge_time(std::string_view member, const TimeLimits &limits) const
{
    if (!ingested_at_) return {};
    const std::optional<std::string> fault = implausibility(*verdict_.occurred_at, *ingested_at_, limits);
    return fault ? refuse(Reason::implausible_time, member, *fault) : Refusal{};
}

Refusal Normalizer::take_tenant(const Members &members)
{
    if (!members.not_null(own::tenant_id)) return {};
    const Node &tenant = document_[members.node(own::tenant_id)];
    if (!is_text_of(tenant, max_tenant_id)) return not_text_of(own::names[own::tenant_id], max_tenant_id);
    verdict_.tenant_id = tenant.view();
    return {};
}

/** payload.eventId, the last of duplicates. A payload may hold anything: a value that is not such a string is no
 * key. */
void Normalizer::take_payload_key(std::uint32_t payload)
{
    const Node *const tape = &document_[0]; // one array in document order
    const Node *found = nullptr;
    const std::uint32_t end = tape[payload].end;
    for (std::uint32_t name = payload + 1; name < end; name = tape[name + 1].end)
        if (tape[name].view() == own::names[own::event_id]) found = &tape[name + 1];
    if (found == nullptr || !is_text_of(*found, max_event_id)) return;
    verdict_.key.push_back(found->view());
    verdict_.has_key = true;
}

} // namespace analytics::core
