#include "../../../runtime/trace.hpp"

#include <gtest/gtest.h>

namespace analytics::runtime {
namespace {

constexpr const char *trace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr const char *span = "00f067aa0ba902b7";

TEST(Traceparent, IsReadAsTheSpecificationHasIt)
{
    const auto read = read_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, (SpanContext{trace, span, true}));
    EXPECT_FALSE(read_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")->is_sampled);
    EXPECT_TRUE(read_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03")->is_sampled);
    EXPECT_TRUE(read_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-may-come"));
}

class NoTraceparent : public testing::TestWithParam<const char *> {};

TEST_P(NoTraceparent, IsNothing)
{
    EXPECT_FALSE(read_traceparent(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Cases, NoTraceparent,
                         testing::Values("", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                                         "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
                                         "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                                         "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
                                         "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                         "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                         "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                         "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                         "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                         "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
                                         "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                         " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));

TEST(NewSpan, StaysInItsParentsTrace)
{
    const SpanContext parent{trace, span, false};
    const SpanContext child = new_span(parent);
    EXPECT_EQ(child.trace_id, trace);
    EXPECT_NE(child.span_id, span);
    EXPECT_FALSE(child.is_sampled);
}

TEST(NewSpan, WithoutAParentBeginsATraceThatOthersCanRead)
{
    const SpanContext first = new_span();
    EXPECT_EQ(read_traceparent("00-" + first.trace_id + "-" + first.span_id + "-01"), first);
    EXPECT_NE(first.trace_id, new_span().trace_id);
}

TEST(SpanScope, IsKnownWhileItLivesAndThenWhatWasBefore)
{
    EXPECT_EQ(SpanScope::current(), nullptr);
    const Span outer{new_span()};
    const SpanScope scope(outer);
    {
        const Span inner{new_span()};
        const SpanScope inner_scope(inner);
        EXPECT_EQ(SpanScope::current(), &inner);
    }
    EXPECT_EQ(SpanScope::current(), &outer);
}

} // namespace
} // namespace analytics::runtime
