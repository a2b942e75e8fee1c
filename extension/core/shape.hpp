/* Shapes as data: how an upstream object is recognised, and which event it becomes. A Shape is a row of
 * analytics_shapes. The shipped ones are rows too (sql/tables.sql); none is known here.
 *
 * A Recognizer is made once from all shapes, and then reads one object after another. Which members are there decides
 * first, by their bits (slots.hpp); only then are the conditions of a shape compared. */
#pragma once

#include "condition.hpp"
#include "json.hpp"
#include "member_path.hpp"
#include "slots.hpp"
#include "version.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::core {

struct Shape {
    std::string name{};
    std::string event_type{}; // empty: taken from event_type_member
    std::string source{};     // empty: taken from source_member
    std::string tenant_id{};  // empty: taken from tenant_member
    MemberPath event_type_member{};
    MemberPath source_member{};
    MemberPath tenant_member{};                // empty: the tenant is where canonical records have it
    std::vector<std::string> required{};       // top-level members that must be present, whatever their value
    std::vector<std::string> not_null{};       // must be present and not null
    std::vector<std::string> null_or_absent{}; // must be null or absent
    std::vector<std::string> absent{};         // must be absent
    Conditions conditions{};                   // all must hold
    MemberPath time_member{};                  // holds the event's time; empty: it has none of its own
    bool time_optional = false;                // a time that is null or absent is the ingestion time
    std::string iso_member{};                  // the payload's member that stores its ISO text; empty: none
    std::vector<MemberPath> key_members{};     // the natural key, in order; empty: none
    MemberPath payload_member{};               // the payload, if it is an object; else the payload is the whole record
    Version version = 0;                       // of all events of the shape; 0: taken from version_member
    MemberPath version_member{};
    std::optional<std::int64_t> max_future{}; // in the place of the normalizer's TimeLimits
    std::optional<std::int64_t> max_past{};
};

/** In the order in which they are tried. */
using Shapes = std::vector<Shape>;

/** A shape in terms of slots. */
struct Recipe {
    const Shape *shape = nullptr;
    std::vector<std::uint64_t> must, must_not; // bits that an object of this shape must have, and must not have
    std::vector<Comparison> comparisons;
    Place event_type, source, tenant, time, payload, version;
    std::vector<Place> key;
};

/** A shape that an object was compared with, and what it lacked; nothing when it fits. */
struct Considered {
    std::string_view shape;
    std::string_view event_type; // of each record of the shape; empty when they have their own
    std::vector<Lack> lacks{};
};

class Recognizer {
public:
    /** Keeps references to the shapes and the own names. Those have the slots from 0 on, in their order. */
    Recognizer(const Shapes &shapes, std::span<const std::string_view> own_names);

    /** The members of an object that have a slot, valid until the next call. */
    const Members &look_at(const Document &document, std::uint32_t object) noexcept;

    /** The first shape that fits the object of the last look, or nothing. */
    const Recipe *match(const Document &document) const;

    /** How match got there: each shape that it compared, in their order (shape_considered.cpp). For people. */
    std::vector<Considered> considered(const Document &document) const;

private:
    std::vector<Lack> lacks(const Recipe &recipe, const Document &document) const;

    SlotTable slots_;
    std::vector<Recipe> recipes_; // in the order of the shapes
    Members members_;
};

} // namespace analytics::core
