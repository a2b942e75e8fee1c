/* Judges a payload on the tape that the reader has made, by a compiled schema: no second parser, no copy.
 *
 * The payload is judged as it will be stored: of duplicate members the last counts, and members that the normalizer
 * adds replace those of their name. So a record and the jsonb that is made of it have the same finding. It is the first
 * in this order: the keywords as validator.cpp asks for them, members as jsonb orders them, elements as they stand.
 *
 * Time is bounded by a budget of steps (limits.hpp), the stack by a number of levels. Buffers are kept: judging a
 * payload that holds allocates nothing, once they are large enough. */
#pragma once

#include "../added_member.hpp"
#include "budget.hpp"
#include "comparer.hpp"
#include "finding.hpp"
#include "schema.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace analytics::core::schema {

class Validator {
public:
    /** Nothing when the payload, a node of the document, holds. Members are added only to an object; at most
     * most_added_members. */
    std::optional<Finding> check(const Schema &schema, const Document &document, std::uint32_t payload,
                                 std::span<const AddedMember> added = {});

    /** Steps that the last check took. */
    [[nodiscard]] std::int64_t steps() const noexcept { return budget_.spent(); }

    static constexpr std::size_t most_added_members = 4;

    /** The check that ends a long judgement with Interrupted; null: nothing does. */
    explicit Validator(InterruptCheck is_interrupted = nullptr) noexcept : budget_(is_interrupted) {}
    Validator(const Validator &) = delete;
    Validator &operator=(const Validator &) = delete;

private:
    /** A value, and how one gets there. On the stack of those who walk. */
    struct Place {
        Value value;
        const Place *parent = nullptr;
        std::string_view name{};    // of a member
        std::uint32_t position = 0; // of an element
    };

    /** An object that is being judged: what its walk has found. */
    struct Walk {
        std::size_t first_slot; // in slots_
        bool has_unnamed;       // members without a slot
    };

    /** While it lives no finding is kept: if subschemas may fail, the finding is the applicator that asks. */
    class Quiet {
    public:
        explicit Quiet(Validator &validator) noexcept : validator_(validator) { ++validator_.quiet_; }
        ~Quiet() { --validator_.quiet_; }
        Quiet(const Quiet &) = delete;
        Quiet &operator=(const Quiet &) = delete;

    private:
        Validator &validator_;
    };

    bool holds(Id id, const Place &place, std::string_view applicator);
    bool judge(const Subschema &subschema, const Place &place);

    bool is_among(const Constants &constants, const Value &value);
    bool judge_number(const Subschema &subschema, const Place &place);
    bool judge_string(const Subschema &subschema, const Place &place);
    bool judge_applicators(const Subschema &subschema, const Place &place);
    std::size_t count_holding(std::span<const Id> ids, const Place &place, std::size_t enough);

    bool judge_array(const Subschema &subschema, const Place &place);
    bool judge_elements(const ArrayRules &rules, const Place &place);
    bool judge_contained(const Subschema &subschema, const Place &place);

    bool judge_object(const Subschema &subschema, const Place &place);
    Walk walk(const ObjectRules &rules, const Place &place);
    bool judge_walked(const Subschema &subschema, const Place &place, const Walk &walk);
    bool judge_size(const Subschema &subschema, const Place &place, const Walk &walk);
    bool judge_each(const Subschema &subschema, const Place &place, const Walk &walk);
    bool judge_member(const Subschema &subschema, const Place &place, const Member &member);
    bool judge_name(Id id, std::string_view name);
    /** The value of the slot's member; null without one. */
    const Node *member_at(const Walk &walk, Slot slot) const noexcept { return slots_[walk.first_slot + slot]; }
    /** On top of members_: the object's members as jsonb has them. */
    std::size_t push_members(const Place &place);

    bool matches(Id pattern, std::string_view text);

    /** Keeps the first finding; false, always. */
    bool fail(const Subschema &subschema, std::string_view keyword, const Place &place);
    bool fail(std::string_view keyword, const Place &place, std::string_view expected);
    static std::string pointer_of(const Place &place);

    const Schema *schema_ = nullptr;
    std::array<Member, most_added_members> added_members_;
    std::array<Node, most_added_members> added_nodes_;
    Added added_;

    Budget budget_;
    Comparer comparer_{budget_, added_};
    std::vector<const Node *> slots_; // a stack: of the objects that are being judged
    std::vector<Member> members_;     // likewise
    std::uint32_t quiet_ = 0;         // applicators that want to know only whether, not why
    std::optional<Finding> finding_;
};

} // namespace analytics::core::schema
