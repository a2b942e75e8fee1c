/* Statements name the extension's schema, whatever it is called. */
#include "../../../runtime/extension.hpp"

#include <gtest/gtest.h>

namespace analytics::runtime {
namespace {

TEST(InSchemaTest, EveryPlaceholderBecomesTheSchema)
{
    EXPECT_EQ(in_schema("SELECT @extschema@.f($1), @extschema@.g()", "\"Far % away\""),
              "SELECT \"Far % away\".f($1), \"Far % away\".g()");
}

TEST(InSchemaTest, WhatHasNoneStaysAsItIs)
{
    EXPECT_EQ(in_schema("SELECT 'a@b', @extschema", "s"), "SELECT 'a@b', @extschema");
    EXPECT_EQ(in_schema("", "s"), "");
}

} // namespace
} // namespace analytics::runtime
