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
 * ingestion time, which the caller gives. */
#pragma once

#include "instant.hpp"
#include "json.hpp"
#include "plausible.hpp"
#include "reason.hpp"
#include "shape.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace analytics::core {

/** An object of the tape, and at most one member that is added to it. That one replaces a member of the same name. */
struct Payload {
    std::uint32_t object = 0;    // index of the object's node
    std::string_view added_name; // empty: nothing is added
    IsoText added_text{};
};

/** All views are valid until the normalizer's next call. */
struct Verdict {
    Refusal refusal;        // when set, nothing below is valid
    std::string_view shape; // "canonical" or a shape's name
    std::string_view event_type;
    std::string_view source;
    std::optional<Instant> occurred_at; // nothing: the ingestion time
    std::optional<std::string_view> tenant_id;
    std::vector<std::string_view> key; // the natural key's values; empty without one
    bool has_key = false;
    Payload payload;
};

class Normalizer {
public:
    /** Keeps a reference to shapes, which must not change meanwhile. */
    Normalizer(const Shapes &shapes, Limits limits, TimeLimits time_limits = {});

    /** Never throws for bad input, only std::bad_alloc. The result is owned by the normalizer and reused.
     * ingested_at: the ingestion time. Nothing: an event's own time is accepted, whatever the limits are. */
    const Verdict &normalize(std::string_view value, std::optional<Instant> ingested_at = {});

    /** A record without a value (a Kafka tombstone). */
    const Verdict &normalize_tombstone();

    /** What the record of the last call was compared with: canonical, then the shapes, up to the one that it is of.
     * Nothing for a record that is no JSON object. */
    std::vector<Considered> considered() const;

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

    Limits limits_;
    TimeLimits time_limits_;
    std::optional<Instant> ingested_at_; // of the record in hand
    Recognizer recognizer_;
    Document document_;
    const Members *members_ = nullptr; // of the record in hand, if it is an object
    Verdict verdict_;
};

} // namespace analytics::core
