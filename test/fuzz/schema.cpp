/* A schema and a payload, a line each: neither makes the validator crash, or take more steps than it may, and a used
 * validator's finding is a new one's.
 *
 * Whether a payload holds is the suite's and the property tests' to say. Here only what must be true of any answer. */
#include "../unit/core/judged.hpp"
#include "require.hpp"

#include "../../extension/core/schema/condition_text.hpp"
#include "../../extension/core/text/printable.hpp"
#include "../../extension/core/text/utf8.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace analytics::core;
using namespace analytics::core::schema;

constexpr Limits limits{.max_bytes = 1 << 16, .max_depth = 64};

void require_sound(const Finding &finding)
{
    require(finding.pointer.size() < 400 && finding.expected.size() < 400, "a finding is short");
    require(is_storable_text(finding.pointer) && is_storable_text(finding.expected), "a finding can be stored");
    require(finding.pointer.empty() || finding.pointer.front() == '/', "a pointer begins with a slash");
    require(!finding.keyword.empty(), "a finding names a keyword");
    const std::string condition = condition_text(finding);
    require(condition.size() < 1000 && printable(condition) == condition, "a condition can be read");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const std::string bytes(data, data + size);
    const std::size_t line = bytes.find('\n');
    if (line == std::string::npos) return 0;
    const std::string text = bytes.substr(0, line);

    const auto result = compile(text);
    if (const auto *fault = std::get_if<SchemaFault>(&result)) {
        require(!fault->message.empty() && is_storable_text(fault->text()), "a fault can be shown");
        return 0;
    }
    Document payload;
    if (payload.read(std::string_view(bytes).substr(line + 1), limits)) return 0;

    static Validator kept;
    Validator fresh;
    const Schema &schema = std::get<Schema>(result);
    const auto finding = kept.check(schema, payload, 0);
    const std::int64_t allowed = steps_for_a_payload + steps_for_a_node * static_cast<std::int64_t>(payload.size());
    require((finding && finding->keyword == "budget") == (kept.steps() > allowed), "the budget is kept");
    require(shown(fresh.check(schema, payload, 0)) == shown(finding), "a kept validator answers as a new one");
    if (finding) require_sound(*finding);

    // References would point into another schema.
    const bool has_references = text.find("ref") != std::string::npos || text.find("\\u") != std::string::npos;
    const auto negated = compile(has_references ? "" : "{\"not\": " + text + "}");
    if (const auto *other = std::get_if<Schema>(&negated)) {
        const auto opposite = fresh.check(*other, payload, 0);
        const bool is_judged = kept.steps() + 10 < allowed && !(opposite && opposite->keyword == "budget");
        require(!is_judged || opposite.has_value() != finding.has_value(), "not is the opposite");
    }
    return 0;
}
