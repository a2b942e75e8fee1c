/* Contracts as data: what is asked of the events of a type and version. A Contract is a row of analytics_contracts.
 *
 * An event type is registered when it has a contract, whatever the version. The events of a registered type are known
 * by it and their version: the suffix of "order.placed.v2" is taken off.
 *
 * What is only observed is counted by its pointer. A payload may have any number of names and elements, so that pointer
 * is a general one: it has "*" in the place of each element, and of each member that the schema does not name. So a
 * schema has a bounded number of findings, whatever comes. */
#pragma once

#include "reason.hpp"
#include "schema/finding.hpp"
#include "schema/schema.hpp"
#include "slots.hpp"
#include "text/rfc3339.hpp"
#include "version.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace analytics::core {

enum class ContractMode : std::uint8_t {
    accept,
    observe, // what violates the schema is stored, and counted
    enforce, // what violates the schema is refused
    refuse   // the version is over
};

/** The mode as users write it. */
[[nodiscard]] std::string_view name(ContractMode mode) noexcept;

/** The mode of that name; nothing for any other text. */
[[nodiscard]] std::optional<ContractMode> contract_mode_named(std::string_view wanted) noexcept;

/** The contract's schema, compiled, and the members that it names. */
class ContractSchema {
public:
    /** Throws Corrupt for a schema that is refused; the table's trigger refuses it first. */
    explicit ContractSchema(std::string_view json);

    [[nodiscard]] const schema::Schema &compiled() const noexcept { return compiled_; }

    /** A finding's pointer as it is counted: of at most most_tokens tokens, a longer one ends with "*". */
    [[nodiscard]] std::string general_pointer(std::string_view pointer) const;

    static constexpr std::size_t most_tokens = 8;

private:
    schema::Schema compiled_;
    SlotTable names_; // refers to the schema
};

struct Contract {
    std::string event_type{};
    Version version = 1;
    ContractMode mode = ContractMode::accept;
    Instant valid_from = min_instant;               // earlier records are accepted
    std::shared_ptr<const ContractSchema> schema{}; // observe and enforce have one
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

/** What keeps an event from being as the contracts want it. */
struct Violation {
    ContractMode mode = ContractMode::enforce; // observe: it is only counted, and its pointer is a general one
    Version version = 1;
    schema::Finding finding{};
    const Contract *contract = nullptr; // null: this version has none
    bool is_of_registered_type = true;
};

/** Why there is a violation whatever the payload is: "version 1 is over since ...". Empty when it is the payload's. */
[[nodiscard]] std::string because(const Violation &violation);

/** contract_violation, with such a detail: "/total" type: expected "number". */
[[nodiscard]] Refusal violation(const schema::Finding &finding);

} // namespace analytics::core
