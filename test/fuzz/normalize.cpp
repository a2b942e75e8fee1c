/* Any bytes: the normalizer's verdict is its oracle's, and a used normalizer's verdict is a new one's.
 *
 * The shapes are of every kind of rule, under names short enough for a fuzzer to find. */
#include "../unit/core/normalize_oracle.hpp"
#include "require.hpp"

#include "../../extension/core/text/printable.hpp"
#include "../../extension/core/would_be.hpp"

#include <cstdint>
#include <string>

namespace {

using namespace analytics::core;

const Shapes &shapes()
{
    static const Shapes all{{.name = "one",
                             .event_type = "first",
                             .source = "f",
                             .required = {"a", "t"},
                             .null_or_absent = {"n"},
                             .time_member = "t",
                             .iso_member = "i",
                             .key_members = {"a"}},
                            {.name = "two",
                             .event_type = "second",
                             .source = "f",
                             .required = {"a", "t"},
                             .not_null = {"n"},
                             .absent = {"x"},
                             .time_member = "t",
                             .iso_member = "a",
                             .key_members = {"n", "a"}},
                            {.name = "three",
                             .event_type = "third",
                             .source = "f",
                             .not_null = {"occurredAt"},
                             .time_member = "occurredAt",
                             .iso_member = "occurredAtIso",
                             .key_members = {"eventId", "missing"}},
                            {.name = "four",
                             .event_type_member = "/d/k",
                             .source_member = "s",
                             .tenant_member = "/d/0",
                             .conditions = read_conditions(R"({"v": ["1", 1, true]})"),
                             .time_member = "/d/t",
                             .time_optional = true,
                             .iso_member = "i",
                             .key_members = {"/d/~1", "v"},
                             .payload_member = "d"}};
    return all;
}

constexpr Limits limits{.max_bytes = 4000, .max_depth = 8};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const std::string bytes(data, data + size);
    static Normalizer kept(shapes(), limits);
    const Verdict &verdict = kept.normalize(bytes);
    require(!verdict.refusal || !verdict.refusal.detail.empty(), "a refusal has a detail");
    require(verdict.refusal.detail.size() < 200, "a detail is short");

    Document document;
    const bool has_header = bytes.size() > 5 && bytes.front() == '\0';
    if (const Refusal refusal = document.read(has_header ? bytes.substr(5) : bytes, limits)) {
        require(verdict.refusal.reason == refusal.reason, "the reader's reason comes first");
        return 0;
    }
    const std::string expected = NormalizeOracle::judge(value_of(document, 0), document.unstorable().reason, shapes());
    require(NormalizeOracle::answer(verdict, kept.document()) == expected, "the oracle's verdict");

    Normalizer fresh(shapes(), limits);
    require(verdict_text(fresh.normalize(bytes), fresh.document()) == verdict_text(verdict, kept.document()),
            "a kept normalizer answers as a new one");

    const std::string sentence = would_be(verdict, kept.considered());
    require(sentence.size() < longest_sentence + 4 && printable(sentence) == sentence, "a sentence can be read");
    require(verdict.refusal || sentence.empty(), "of an event there is nothing to say");
    return 0;
}
