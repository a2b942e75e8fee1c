/* SQLSTATE → status: whole codes before classes, and nothing of the server's words where a row does not say so. */
#include "../../../http/api/status.hpp"

#include <gtest/gtest.h>
#include <string>

namespace analytics::http {
namespace {

struct Case {
    const char *sqlstate;
    int status;
};

class StatusOf : public testing::TestWithParam<Case> {};

TEST_P(StatusOf, isTheTables)
{
    EXPECT_EQ(meaning_of(GetParam().sqlstate).status, GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(
    All, StatusOf,
    testing::Values(Case{"08001", 503}, Case{"08006", 503}, Case{"08P01", 503}, Case{"22003", 422}, Case{"22007", 422},
                    Case{"22021", 400}, Case{"22023", 422}, Case{"22032", 422}, Case{"22P02", 400}, Case{"22P05", 422},
                    Case{"23502", 422}, Case{"23503", 409}, Case{"23505", 409}, Case{"23514", 422}, Case{"23P01", 409},
                    Case{"25006", 503}, Case{"25P02", 500}, Case{"28P01", 503}, Case{"28000", 503}, Case{"3D000", 503},
                    Case{"3F000", 503}, Case{"40001", 503}, Case{"40P01", 503}, Case{"42501", 403}, Case{"42601", 500},
                    Case{"42883", 503}, Case{"42P01", 503}, Case{"53100", 503}, Case{"53200", 503}, Case{"53300", 503},
                    Case{"54000", 500}, Case{"54001", 422}, Case{"55P03", 503}, Case{"57014", 504}, Case{"57P01", 503},
                    Case{"57P03", 503}, Case{"58030", 503}, Case{"AN001", 500}, Case{"P0001", 422}, Case{"P0002", 500},
                    Case{"XX000", 500}, Case{"XX001", 500}, Case{"", 500}, Case{"08", 500}, Case{"220210", 500}),
    [](const auto &info) {
        const std::string name = info.param.sqlstate;
        return name.empty() ? std::string("nothing") : name;
    });

class Silent : public testing::TestWithParam<const char *> {};

TEST_P(Silent, tellsNothingOfTheServer)
{
    EXPECT_FALSE(meaning_of(GetParam()).shows_message);
    EXPECT_FALSE(meaning_of(GetParam()).detail.empty());
}

INSTANTIATE_TEST_SUITE_P(All, Silent,
                         testing::Values("08001", "22021", "22P02", "23505", "23514", "28P01", "3D000", "42501",
                                         "42601", "53300", "54000", "57014", "58030", "XX000", "P0002"));

TEST(Messages, ofOurFunctionsAreForTheClient)
{
    EXPECT_TRUE(meaning_of("22023").shows_message);
}
TEST(Messages, ofTheOperatorsOwnTriggerAreForTheClient)
{
    EXPECT_TRUE(meaning_of("P0001").shows_message);
}

struct Reason {
    const char *reason;
    int status;
};

class RefusalOf : public testing::TestWithParam<Reason> {};

TEST_P(RefusalOf, hasItsStatus)
{
    EXPECT_EQ(status_of_refusal(GetParam().reason), GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(All, RefusalOf,
                         testing::Values(Reason{"too_large", 413}, Reason{"invalid_utf8", 400},
                                         Reason{"invalid_json", 400}, Reason{"too_deep", 422},
                                         Reason{"not_an_object", 422}, Reason{"unknown_shape", 422},
                                         Reason{"missing_field", 422}, Reason{"invalid_field", 422},
                                         Reason{"invalid_timestamp", 422}, Reason{"implausible_time", 422},
                                         Reason{"contract_violation", 422}, Reason{"unstorable_text", 422},
                                         Reason{"unstorable_number", 422}, Reason{"a_later_reason", 422}),
                         [](const auto &info) { return info.param.reason; });

TEST(Session, isSpoiltByAChangedExtension)
{
    for (const char *sqlstate : {"0A000", "26000", "42883", "42P01", "3F000"})
        EXPECT_TRUE(spoils_session(sqlstate)) << sqlstate;
}

TEST(Session, isNotSpoiltByABadRequest)
{
    for (const char *sqlstate : {"22023", "57014", "40001", "53300", "P0001"})
        EXPECT_FALSE(spoils_session(sqlstate)) << sqlstate;
}

} // namespace
} // namespace analytics::http
