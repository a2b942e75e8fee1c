/* Contracts as data: what is asked of the events of a type and version. A Contract is a row of analytics_contracts.
 *
 * An event type is registered when it has a contract, whatever the version. The events of a registered type are known
 * by it and their version: the suffix of "order.placed.v2" is taken off. */
#pragma once

#include "reason.hpp"
#include "slots.hpp"
#include "text/rfc3339.hpp"
#include "version.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace analytics::core {

enum class ContractMode : std::uint8_t {
    accept,
    refuse // the version is over
};

struct Contract {
    std::string event_type{};
    Version version = 1;
    ContractMode mode = ContractMode::accept;
    Instant valid_from = min_instant; // earlier records are accepted
};

class Contracts {
public:
    Contracts() = default;
    explicit Contracts(std::vector<Contract> contracts) { fill(std::move(contracts)); }
    Contracts(const Contracts &) = delete;
    Contracts &operator=(const Contracts &) = delete;

    /** Requires that there are none yet. */
    void fill(std::vector<Contract> contracts);

    [[nodiscard]] bool empty() const noexcept { return contracts_.empty(); }

    /** The contracts of a type by version; none when it is not registered. */
    [[nodiscard]] std::span<const Contract> of_type(std::string_view event_type) const noexcept;

private:
    std::vector<Contract> contracts_;                // by type and version
    SlotTable types_;                                // refers to the contracts
    std::vector<std::span<const Contract>> of_type_; // by slot
};

/** What of a payload violates a contract: where, by which keyword, and what was expected instead. Never the payload's
 * value. */
struct Finding {
    std::string pointer{}; // JSON Pointer (RFC 6901)
    std::string keyword{};
    std::string expected{};
};

/** contract_violation, with such a detail: "/total" type: expected a number. Long pointers are cut. */
[[nodiscard]] Refusal violation(const Finding &finding);

} // namespace analytics::core
