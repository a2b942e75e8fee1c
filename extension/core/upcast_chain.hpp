/* The upcasts of all event types: each is a function that makes the next version's payload of a version's. Upcasts that
 * follow each other lead to the newest version. */
#pragma once

#include "version.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::core {

struct UpcastStep {
    std::string event_type; // without a suffix
    Version version = 1;    // of the payload that the function takes
    std::string function;   // its name, with its schema
};

class UpcastChain {
public:
    UpcastChain() = default;
    explicit UpcastChain(std::vector<UpcastStep> steps);

    [[nodiscard]] const std::vector<UpcastStep> &steps() const noexcept { return steps_; }

    /** Whether some step is of the type, which has no suffix. */
    [[nodiscard]] bool knows(std::string_view event_type) const noexcept;

    /** The number of the step that takes a payload of this type and version; or the number of steps. */
    [[nodiscard]] std::size_t find(std::string_view event_type, Version version) const noexcept;

private:
    std::vector<UpcastStep> steps_; // in the order of type and version
};

} // namespace analytics::core
