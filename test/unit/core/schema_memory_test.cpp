/* A used validator allocates nothing for a payload that holds. RE2 may, when it meets a text for the first time. */
#include "allocations.hpp"
#include "judged.hpp"

#include <gtest/gtest.h>

namespace analytics::core::schema {
namespace {

TEST(SchemaMemory, NothingIsAllocatedForAGoodPayload)
{
    const Schema schema = compiled(R"({"type": "object", "required": ["id", "lines"], "properties": {
        "id": {"type": "string", "pattern": "^[a-z]+-[0-9]+$"}, "kind": {"enum": ["a", "b"]},
        "lines": {"type": "array", "uniqueItems": true, "items": {"type": "object", "additionalProperties": false,
            "properties": {"n": {"multipleOf": 0.01, "maximum": 100}, "note": {"type": ["string", "null"]}}}}},
        "anyOf": [{"required": ["other"]}, {"not": {"maxProperties": 1}}], "propertyNames": {"maxLength": 5}})");
    Document payload;
    ASSERT_FALSE(payload.read(R"({"id": "abc-1", "kind": "b", "lines": [{"n": 1.5}, {"n": 2.5, "note": null}]})", {}));
    Validator validator;
    ASSERT_EQ(shown(validator.check(schema, payload, 0)), "");
    const std::size_t before = allocations();
    for (int i = 0; i < 100; ++i) (void)validator.check(schema, payload, 0);
    EXPECT_EQ(allocations(), before);
}

} // namespace
} // namespace analytics::core::schema
