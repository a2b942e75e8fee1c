/* From bytes to a verdict: which event a record is, or why it is refused.
 *
 * A value may have the header of a schema registry's serializer: the JSON behind it is judged, and positions in details
 * count from there.
 *
 * One pass: read the JSON, recognize it (canonical first, then the shapes in their order), take time, tenant and key.
 * The payload is not built here: the verdict points into the tape, and the caller writes it in the form that it stores.
 *
 * An object with the members eventType and payload is canonical, whatever their values. Its members are checked in the
 * order eventType, source, payload, occurredAt, tenantId, eventId, and by reason first: all for missing_field, then all
 * for invalid_field, then occurredAt. A refusal names the first that fails. An event's own time is judged against the
 * ingestion time, which the caller gives.
 *
 * An event's version is the first that is there: of the type's suffix, of the payload's member "version", of the shape;
 * else 1. A registered type loses its suffix, and the payload says the version instead. The payload also says a version
 * that its shape gives. Without contracts, and without a shape that gives versions, nothing asks for one. */
#pragma once

#include "added_member.hpp"
#include "contract.hpp"
#include "instant.hpp"
#include "json.hpp"
#include "plausible.hpp"
#include "reason.hpp"
#include "schema/validator.hpp"
#include "shape.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace analytics::core {

/** An object of the tape, and the members that are added to it: the time as ISO text, then the version. Each replaces a
 * member of the same name. */
struct Payload {
    static constexpr std::size_t most_added = 2;

    std::uint32_t object = 0; // index of the object's node

    void add(const AddedMember &member) noexcept { members_[count_++] = member; }
    [[nodiscard]] std::span<const AddedMember> added() const noexcept { return {members_.data(), count_}; }

    void begin() noexcept
    {
        object = 0;
        count_ = 0;
    }

private:
    std::size_t count_ = 0;
    std::array<AddedMember, most_added> members_{};
};

/** When a record was received, and whether its own time must be plausible then. */
struct IngestionTime {
    Instant at = max_instant;
    bool judges_time = false;

    IngestionTime() = default;
    IngestionTime(Instant instant, bool judges = true) // NOLINT(google-explicit-constructor): an instant says it all
        : at(instant), judges_time(judges)
    {
    }
};

/** All views are valid until the normalizer's next call. */
struct Verdict {
    Refusal refusal;        // when set, only what a contract has said is valid below
    std::string_view shape; // "canonical" or a shape's name
    std::string_view event_type;
    std::string_view source;
    std::optional<Instant> occurred_at; // nothing: the ingestion time
    std::optional<std::string_view> tenant_id;
    std::vector<std::string_view> key; // the natural key's values; empty without one
    bool has_key = false;
    Payload payload;
    std::optional<Version> version;     // of an event that contracts have judged, and its event_type is valid
    std::optional<Violation> violation; // why they refuse it, or what they only observe
};

/** The contracts that events are judged by, and what becomes of events whose type or version has none. */
struct ContractRules {
    const Contracts *contracts = nullptr;
    ContractMode unregistered = ContractMode::accept;
    InterruptCheck is_interrupted = nullptr; // while a payload is judged
};

class Normalizer {
public:
    /** Keeps references to shapes and contracts, which must not change meanwhile. */
    Normalizer(const Shapes &shapes, Limits limits, TimeLimits time_limits = {}, ContractRules rules = {});

    /** Never throws for bad input, only std::bad_alloc and Interrupted. The result is owned by the normalizer and
     * reused. */
    const Verdict &normalize(std::string_view value, IngestionTime ingested = {});

    /** A record without a value (a Kafka tombstone). */
    const Verdict &normalize_tombstone();

    /** What the record of the last call was compared with: canonical, then the shapes, up to the one that it is of.
     * Nothing for a record that is no JSON object. */
    std::vector<Considered> considered() const;

    /** Of the event that the last call accepted. */
    Version version() const;

    const Document &document() const noexcept { return document_; }

private:
    Refusal judge(std::string_view value);
    Refusal judge_canonical(const Members &members);
    Refusal judge_shape(const Members &members, const Recipe &recipe);

    Refusal judge_time(std::string_view member, const TimeLimits &limits) const;

    /** Null when the record has no such value. */
    const Node *find(const Members &members, const Place &place) const;

    /** Takes the tenant, which canonical records and most shapes give in the same member. */
    Refusal take_tenant(const Members &members);
    Refusal take_tenant(const Node *tenant, std::string_view member);
    Refusal take_shape_tenant(const Members &members, const Recipe &recipe);
    Refusal take_shape_time(const Members &members, const Recipe &recipe);
    void take_payload_key(std::uint32_t payload);

    void take_shape_version(const Members &members, const Recipe &recipe);
    std::optional<Version> payload_version() const;
    Version version_with(const std::optional<VersionSuffix> &suffix) const;
    Refusal judge_version();
    Refusal judge_contract(std::span<const Contract> contracts, Version version);
    Refusal judge_unregistered(bool is_registered_type, Version version);
    Refusal judge_schema(const Contract &contract);
    Refusal take(Violation violation);

    Limits limits_;
    TimeLimits time_limits_;
    ContractRules rules_;
    bool judges_versions_;
    IngestionTime ingested_;               // of the record in hand
    std::optional<Version> shape_version_; // likewise
    Recognizer recognizer_;
    Document document_;
    const Members *members_ = nullptr; // of the record in hand, if it is an object
    schema::Validator validator_;
    Verdict verdict_;
};

} // namespace analytics::core
