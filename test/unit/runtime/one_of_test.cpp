#include "../../../runtime/one_of.hpp"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

namespace analytics::runtime {
namespace {

using Reference = OneOf<int, std::string, double>;

TEST(OneOfTest, ItKnowsWhichTypeItRefersTo)
{
    const std::string text = "a";
    const Reference reference = text;
    EXPECT_EQ(reference.index(), 1U);
    EXPECT_EQ(reference.get_if<int>(), nullptr);
    EXPECT_EQ(reference.get_if<std::string>(), &text);
    EXPECT_EQ(reference.get_if<double>(), nullptr);
}

TEST(OneOfTest, IndexesAreTheTypesPlaces)
{
    static_assert(Reference::count == 3);
    static_assert(Reference::index_of<int>() == 0);
    static_assert(Reference::index_of<std::string>() == 1);
    static_assert(Reference::index_of<double>() == 2);
}

TEST(OneOfTest, AVisitorIsCalledWithTheValueItself)
{
    const int number = 7;
    const void *seen = nullptr;
    Reference(number).visit([&](const auto &value) { seen = &value; });
    EXPECT_EQ(seen, &number);
    EXPECT_EQ(Reference(0.5).visit([](const auto &value) { return std::is_same_v<decltype(value), const double &>; }),
              true);
}

TEST(OneOfTest, NothingElseBecomesOne)
{
    static_assert(!std::is_constructible_v<Reference, long>);
    static_assert(!std::is_constructible_v<Reference, const char *>);
}

} // namespace
} // namespace analytics::runtime
