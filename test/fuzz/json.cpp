/* Any bytes: the reader's result is the oracle's, its tape is sound, and reading again gives the same.
 *
 * The first byte sets the depth limit, 0 to 15, so that short inputs reach it. */
#include "../unit/core/json_oracle.hpp"
#include "../unit/core/tape.hpp"
#include "require.hpp"

#include <cstdint>

namespace {

using namespace analytics::core;

/** Lone surrogates and \u0000 aside, every text is UTF-8. */
bool texts_are_utf8(const Document &document)
{
    for (std::uint32_t index = 0; index < document.size(); ++index) {
        const Node &node = document[index];
        if (node.kind == Kind::string && first_invalid_utf8(node.view()) != node.size) return false;
    }
    return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size == 0) return 0;
    const std::string bytes(data + 1, data + size);
    const Limits limits{.max_bytes = 4000, .max_depth = data[0] & 0xFU};
    const Judgement expected = JsonOracle::judge(bytes, limits);

    static Document reused; // so that one record's leftovers could show in the next
    const Refusal refusal = reused.read(bytes, limits);
    require(refusal.reason == expected.reason, "the oracle's reason");
    require(refusal.reason == Reason::none || !refusal.detail.empty(), "a refusal has a detail");
    if (refusal) return 0;

    require(reused.unstorable().reason == expected.unstorable, "the oracle's unstorable");
    require(tape_fault(reused).empty(), "a sound tape");
    require(reused[0].end == reused.size(), "the root spans the tape");
    require(expected.unstorable == Reason::unstorable_text || texts_are_utf8(reused), "texts are UTF-8");

    Document fresh;
    require(!fresh.read(bytes, limits), "the same verdict from a fresh reader");
    require(tape_text(fresh) == tape_text(reused), "the same tape from a fresh reader");
    return 0;
}
