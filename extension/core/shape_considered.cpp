/* Why an object is of no shape, or of a late one. Asks the members of the last look as match does, but name by
 * name. */
#include "shape.hpp"

namespace analytics::core {

std::vector<Lack> Recognizer::lacks(const Recipe &recipe, const Document &document) const
{
    const Shape &shape = *recipe.shape;
    const auto present = [&](const std::string &name) { return members_.present(slots_.find(name)); };
    const auto not_null = [&](const std::string &name) { return members_.not_null(slots_.find(name)); };

    std::vector<Lack> lacks;
    for (const std::string &name : shape.required)
        if (!present(name)) lacks.push_back({name, "is required"});
    for (const std::string &name : shape.not_null)
        if (!not_null(name)) lacks.push_back({name, present(name) ? "must not be null" : "is required"});
    for (const std::string &name : shape.null_or_absent)
        if (not_null(name)) lacks.push_back({name, "must be null or absent"});
    for (const std::string &name : shape.absent)
        if (present(name)) lacks.push_back({name, "must be absent"});
    for (const Comparison &comparison : recipe.comparisons)
        if (!comparison.holds(document, members_)) lacks.push_back(comparison.lack());
    return lacks;
}

std::vector<Considered> Recognizer::considered(const Document &document) const
{
    std::vector<Considered> considered;
    for (const Recipe &recipe : recipes_) {
        considered.push_back({recipe.shape->name, recipe.shape->event_type, lacks(recipe, document)});
        if (considered.back().lacks.empty()) break;
    }
    return considered;
}

} // namespace analytics::core
