#include "normalize.hpp"

#include "text/utf8.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace analytics::core {

namespace {

/** The canonical members: their slots and their names. */
namespace own {
enum : Slot { event_type, source, payload, occurred_at, tenant_id, event_id };
constexpr std::array<std::string_view, 6> names{"eventType", "source", "payload", "occurredAt", "tenantId", "eventId"};
} // namespace own

constexpr std::string_view canonical_name = "canonical";
constexpr std::string_view version_member = "version"; // of a payload

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

    Lack lack{std::string(beginning_of(member, longest)), std::string(what)};
    if (lack.member.size() < member.size()) lack.member += "...";
    return {reason, lack.text(), lack.member.size()};
}

/** A shape's path that is given must lead to a value. */
Refusal require(const MemberPath &path, const Node *value)
{
    if (path.empty() || (value != nullptr && value->kind != Kind::null)) return {};
    return refuse(Reason::missing_field, path.text, value == nullptr ? "is required" : "must not be null");
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

/** The bytes behind the header that a schema registry's serializer puts before the value: a zero byte, and the schema's
 * id in four (https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/, "Wire format").
 * JSON never begins with a zero byte. */
std::string_view without_schema_header(std::string_view value) noexcept
{
    constexpr std::size_t header = 5;
    return value.size() > header && value.front() == '\0' ? value.substr(header) : value;
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

Normalizer::Normalizer(const Shapes &shapes, Limits limits, TimeLimits time_limits, ContractRules rules)
    : limits_(limits), time_limits_(time_limits), rules_(rules),
      judges_versions_((rules.contracts != nullptr && !rules.contracts->empty()) ||
                       rules.unregistered != ContractMode::accept),
      recognizer_(shapes, own::names), validator_(rules.is_interrupted)
{
}

const Verdict &Normalizer::normalize(std::string_view value, IngestionTime ingested)
{
    ingested_ = ingested;
    verdict_.refusal = judge(value);
    return verdict_;
}

std::vector<Considered> Normalizer::considered() const
{
    if (members_ == nullptr) return {};
    Considered canonical{canonical_name, {}};
    for (const Slot name : {own::event_type, own::payload})
        if (!members_->present(name)) canonical.lacks.push_back({std::string(own::names[name]), "is required"});
    if (canonical.lacks.empty()) return {canonical};
    std::vector<Considered> considered = recognizer_.considered(document_);
    considered.insert(considered.begin(), std::move(canonical));
    return considered;
}

const Verdict &Normalizer::normalize_tombstone()
{
    members_ = nullptr;
    verdict_.refusal = {Reason::tombstone, "the record has no value"};
    return verdict_;
}

Refusal Normalizer::judge(std::string_view value)
{
    members_ = nullptr;
    verdict_.version.reset();
    verdict_.violation.reset();
    if (Refusal refusal = document_.read(without_schema_header(value), limits_)) return refusal;
    if (const Kind kind = document_[0].kind; kind != Kind::object)
        return {Reason::not_an_object, std::string("expected an object, found ").append(article_and_name(kind))};

    verdict_.occurred_at.reset();
    verdict_.tenant_id.reset();
    verdict_.key.clear();
    verdict_.has_key = false;
    verdict_.payload.begin();
    shape_version_.reset();

    const Members &members = recognizer_.look_at(document_, 0);
    members_ = &members;
    Refusal refusal;
    if (members.present(own::event_type) && members.present(own::payload))
        refusal = judge_canonical(members);
    else if (const Recipe *recipe = recognizer_.match(document_))
        refusal = judge_shape(members, *recipe);
    else
        refusal = {Reason::unknown_shape, "neither canonical nor of any known shape"};
    if (!refusal && (judges_versions_ || shape_version_)) refusal = judge_version();
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

    verdict_.shape = canonical_name;
    verdict_.event_type = type.view();
    verdict_.source = origin.view();
    verdict_.payload.object = body;
    return {};
}

Refusal Normalizer::judge_shape(const Members &members, const Recipe &recipe)
{
    const Shape &shape = *recipe.shape;
    const Node *const type = find(members, recipe.event_type);
    const Node *const origin = find(members, recipe.source);
    if (Refusal refusal = require(shape.event_type_member, type)) return refusal;
    if (Refusal refusal = require(shape.source_member, origin)) return refusal;
    if (type != nullptr && !is_text_of(*type, max_event_type))
        return not_text_of(shape.event_type_member.text, max_event_type);
    if (origin != nullptr && !is_text_of(*origin, max_source)) return not_text_of(shape.source_member.text, max_source);
    if (Refusal refusal = take_shape_tenant(members, recipe)) return refusal;
    if (const std::optional<std::uint32_t> body = recipe.payload.find(document_, members))
        if (document_[*body].kind == Kind::object) verdict_.payload.object = *body;
    if (Refusal refusal = take_shape_time(members, recipe)) return refusal;
    take_shape_version(members, recipe);

    verdict_.has_key = !recipe.key.empty();
    for (const Place &place : recipe.key) {
        const Node *value = find(members, place);
        if (value == nullptr || (value->kind != Kind::string && value->kind != Kind::number)) {
            verdict_.has_key = false;
            verdict_.key.clear();
            break;
        }
        verdict_.key.push_back(value->view());
    }

    verdict_.shape = shape.name;
    verdict_.event_type = type != nullptr ? type->view() : shape.event_type;
    verdict_.source = origin != nullptr ? origin->view() : shape.source;
    return {};
}

Refusal Normalizer::take_shape_tenant(const Members &members, const Recipe &recipe)
{
    const Shape &shape = *recipe.shape;
    if (!shape.tenant_id.empty()) {
        verdict_.tenant_id = shape.tenant_id;
        return {};
    }
    if (shape.tenant_member.empty()) return take_tenant(members);
    return take_tenant(find(members, recipe.tenant), shape.tenant_member.text);
}

Refusal Normalizer::take_shape_time(const Members &members, const Recipe &recipe)
{
    const Shape &shape = *recipe.shape;
    const std::string &member = shape.time_member.text;
    if (shape.time_member.empty()) return {};
    const std::optional<std::uint32_t> time = recipe.time.find(document_, members);
    const bool is_null = time && document_[*time].kind == Kind::null;
    if (shape.time_optional && (!time || is_null)) return {};
    if (!time) return refuse(Reason::invalid_timestamp, member, "is required");
    verdict_.occurred_at = instant_of(document_, *time);
    if (!verdict_.occurred_at) return no_instant(member, is_null);
    const TimeLimits limits{shape.max_future.value_or(time_limits_.max_future),
                            shape.max_past.value_or(time_limits_.max_past)};
    if (Refusal refusal = judge_time(member, limits)) return refusal;
    if (!shape.iso_member.empty()) verdict_.payload.add({shape.iso_member, iso8601(*verdict_.occurred_at)});
    return {};
}

/** The verdict's time against the ingestion time. */
Refusal Normalizer::judge_time(std::string_view member, const TimeLimits &limits) const
{
    if (!ingested_.judges_time) return {};
    const std::optional<std::string> fault = implausibility(*verdict_.occurred_at, ingested_.at, limits);
    return fault ? refuse(Reason::implausible_time, member, *fault) : Refusal{};
}

const Node *Normalizer::find(const Members &members, const Place &place) const
{
    const std::optional<std::uint32_t> node = place.find(document_, members);
    return node ? &document_[*node] : nullptr;
}

Refusal Normalizer::take_tenant(const Members &members)
{
    const Node *tenant = members.present(own::tenant_id) ? &document_[members.node(own::tenant_id)] : nullptr;
    return take_tenant(tenant, own::names[own::tenant_id]);
}

Refusal Normalizer::take_tenant(const Node *tenant, std::string_view member)
{
    if (tenant == nullptr || tenant->kind == Kind::null) return {};
    if (!is_text_of(*tenant, max_tenant_id)) return not_text_of(member, max_tenant_id);
    verdict_.tenant_id = tenant->view();
    return {};
}

/** payload.eventId. A payload may hold anything: a value that is not such a string is no key. */
void Normalizer::take_payload_key(std::uint32_t payload)
{
    const std::optional<std::uint32_t> found = member_of(document_, payload, own::names[own::event_id]);
    if (!found || !is_text_of(document_[*found], max_event_id)) return;
    verdict_.key.push_back(document_[*found].view());
    verdict_.has_key = true;
}

void Normalizer::take_shape_version(const Members &members, const Recipe &recipe)
{
    if (recipe.shape->version != 0)
        shape_version_ = recipe.shape->version;
    else if (const Node *const value = find(members, recipe.version))
        shape_version_ = version_of_member(*value);
}

/** What the payload's own member says, unless the time's text replaces it. */
std::optional<Version> Normalizer::payload_version() const
{
    const std::span<const AddedMember> added = verdict_.payload.added();
    if (!added.empty() && added.front().name == version_member) return std::nullopt;
    const std::optional<std::uint32_t> found = member_of(document_, verdict_.payload.object, version_member);
    return found ? version_of_number(document_[*found]) : std::nullopt;
}

Version Normalizer::version_with(const std::optional<VersionSuffix> &suffix) const
{
    if (suffix) return suffix->version;
    const std::optional<Version> own = payload_version();
    return own ? *own : shape_version_.value_or(1);
}

Version Normalizer::version() const
{
    return verdict_.version ? *verdict_.version : version_with(version_suffix(verdict_.event_type));
}

Refusal Normalizer::judge_version()
{
    const std::optional<VersionSuffix> suffix = version_suffix(verdict_.event_type);
    const std::string_view event_type = suffix ? suffix->event_type : verdict_.event_type;
    const std::span<const Contract> contracts =
        rules_.contracts != nullptr ? rules_.contracts->of_type(event_type) : std::span<const Contract>{};
    if (contracts.empty() && rules_.unregistered == ContractMode::accept && !shape_version_) return {};

    const Version version = version_with(suffix);
    const bool is_new_to_payload = suffix ? !contracts.empty() : shape_version_ && !payload_version();
    verdict_.version = version;
    if (!contracts.empty()) verdict_.event_type = event_type;
    if (is_new_to_payload) verdict_.payload.add({version_member, version});
    return judge_contract(contracts, version);
}

Refusal Normalizer::judge_contract(std::span<const Contract> contracts, Version version)
{
    const auto contract = std::find_if(contracts.begin(), contracts.end(),
                                       [&](const Contract &candidate) { return candidate.version == version; });
    if (contract == contracts.end()) return judge_unregistered(!contracts.empty(), version);
    if (ingested_.at < contract->valid_from) return {};
    switch (contract->mode) {
    case ContractMode::accept:
        return {};
    case ContractMode::refuse:
        return take({.mode = contract->mode,
                     .version = version,
                     .finding = {"", "version", "a version other than " + std::to_string(version)},
                     .contract = &*contract});
    case ContractMode::observe:
    case ContractMode::enforce:
        break;
    }
    return judge_schema(*contract);
}

Refusal Normalizer::judge_unregistered(bool is_registered_type, Version version)
{
    if (rules_.unregistered == ContractMode::accept) return {};
    schema::Finding finding = is_registered_type ? schema::Finding{"", "version", "a version that has a contract"}
                                                 : schema::Finding{"", "eventType", "a type that has a contract"};
    return take({.mode = rules_.unregistered,
                 .version = version,
                 .finding = std::move(finding),
                 .is_of_registered_type = is_registered_type});
}

/** The payload as it will be stored. */
Refusal Normalizer::judge_schema(const Contract &contract)
{
    std::optional<schema::Finding> finding =
        validator_.check(contract.schema->compiled(), document_, verdict_.payload.object, verdict_.payload.added());
    if (!finding) return {};
    if (contract.mode == ContractMode::observe) finding->pointer = contract.schema->general_pointer(finding->pointer);
    return take(
        {.mode = contract.mode, .version = contract.version, .finding = std::move(*finding), .contract = &contract});
}

Refusal Normalizer::take(Violation violation)
{
    verdict_.violation = std::move(violation);
    if (verdict_.violation->mode == ContractMode::observe) return {};
    return core::violation(verdict_.violation->finding);
}

} // namespace analytics::core
