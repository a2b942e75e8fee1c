/* Paths against templates. */
#include "../../../http/api/path_template.hpp"

#include <gtest/gtest.h>

namespace analytics::http {
namespace {

using Segments = std::vector<std::string_view>;

TEST(Path, isTheTemplatesAsItStands)
{
    EXPECT_EQ(match("/a/b", "/a/b"), Segments{});
    EXPECT_EQ(match("/", "/"), Segments{});
    for (const std::string_view path : {"/a", "/a/b/", "/a/b/c", "/a/B", "/a//b", "a/b", "/", "", "*", "/%61/b"})
        EXPECT_FALSE(match("/a/b", path)) << path;
    for (const std::string_view path : {"/a", "//", "", "*"}) EXPECT_FALSE(match("/", path)) << path;
}

TEST(Path, givesANameItsSegment)
{
    EXPECT_EQ(match("/a/{x}/b/{y}", "/a/1%2F2/b/{z}"), (Segments{"1%2F2", "{z}"}));
    for (const std::string_view path : {"/a//b/2", "/a/1/b/", "/a/1/b", "/a/1/b/2/", "/a/1/c/2"})
        EXPECT_FALSE(match("/a/{x}/b/{y}", path)) << path;
}

} // namespace
} // namespace analytics::http
