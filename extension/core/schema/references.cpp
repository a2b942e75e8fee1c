/* References, and what they make possible: schemas that apply to the same value without end, or very often. */
#include "compiler.hpp"

#include "../member_path.hpp"
#include "../text/percent.hpp"
#include "limits.hpp"

#include <algorithm>

namespace analytics::core::schema {
namespace {

/** How much one subschema applies to one value, with all that apply because of it. */
struct Applications {
    enum class State : std::uint8_t { unknown, open, known };
    State state = State::unknown;
    std::uint32_t chain = 0;      // the longest, of subschemas within each other
    std::uint64_t judgements = 0; // of the value
};

/** Walks the subschemas that apply to the same value. Recursion ends with longest_chain. */
class Counter {
public:
    explicit Counter(const std::vector<Subschema> &subschemas) : subschemas_(subschemas), known_(subschemas.size()) {}

    struct Fault {
        Id id;
        std::string_view message;
    };

    /** What is wrong with the subschema, or with one that applies because of it. */
    std::optional<Fault> fault_of(Id id, std::uint32_t depth = 1)
    {
        Applications &mine = known_[id];
        if (mine.state == Applications::State::known) return std::nullopt;
        if (mine.state == Applications::State::open) return Fault{id, "refers to itself without an end"};
        mine = {Applications::State::open, 1, 1};
        for (const Id other : applied_by(subschemas_[id])) {
            if (other == no_id) continue;
            if (depth == longest_chain) return Fault{id, too_long};
            if (const auto fault = fault_of(other, depth + 1)) return fault;
            mine.chain = std::max(mine.chain, known_[other].chain + 1);
            mine.judgements += known_[other].judgements;
            if (mine.chain > longest_chain) return Fault{id, too_long};
            if (mine.judgements > most_applications) return Fault{id, "judges one value with too many schemas"};
        }
        mine.state = Applications::State::known;
        return std::nullopt;
    }

private:
    static constexpr std::string_view too_long = "has too many schemas within each other for one value";

    static std::vector<Id> applied_by(const Subschema &subschema)
    {
        std::vector<Id> all;
        if (subschema.applicators != nullptr) {
            const Applicators &some = *subschema.applicators;
            all = {some.reference, some.negated, some.condition, some.consequence, some.alternative};
            for (const auto *list : {&some.all, &some.any, &some.one})
                all.insert(all.end(), list->begin(), list->end());
        }
        if (subschema.objects != nullptr)
            for (const auto &dependent : subschema.objects->dependent_schemas) all.push_back(dependent.schema);
        return all;
    }

    const std::vector<Subschema> &subschemas_;
    std::vector<Applications> known_;
};

} // namespace

/** "#" and "#/json/pointer", as a URI writes it. */
Id Compiler::reference(const KeywordValue &value)
{
    const Node &node = (*this)[value.at];
    const bool is_local = node.kind == Kind::string && node.view().starts_with('#');
    const auto pointer = is_local ? percent_decoded(node.view().substr(1)) : std::nullopt;
    if (!pointer || (!pointer->empty() && pointer->front() != '/')) {
        refuse(value, R"(must be "#" or "#/json/pointer", to a place in the same schema)");
        return no_id;
    }
    const auto target = node_at(*schema_.document, 0, MemberPath(*pointer).tokens);
    if (target && is_schema((*this)[*target].kind)) return subschema(value, *target);
    refuse(value, "points to no schema");
    return no_id;
}

void Compiler::check_applications()
{
    Counter counter(schema_.subschemas);
    for (Id id = 0; id < schema_.subschemas.size() && !fault_; ++id)
        if (const auto fault = counter.fault_of(id)) refuse({"", schema_.subschemas[fault->id].at}, fault->message);
}

} // namespace analytics::core::schema
