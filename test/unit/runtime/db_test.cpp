/* What becomes of a server's words, and of its silence. */
#include "../../../runtime/db.hpp"
#include "../../../runtime/db_conninfo.hpp"
#include "fake_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace analytics::runtime {
namespace {

using fakes::error;
using fakes::FakeServer;
using fakes::message;
using fakes::welcome;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

constexpr Milliseconds soon{300};
constexpr Milliseconds patience{10'000};

DbError failure_of(const std::function<void()> &action)
{
    try {
        action();
    } catch (const DbError &thrown) {
        return thrown;
    }
    ADD_FAILURE() << "no error";
    return {"", ""};
}

Target target(const std::string &conninfo)
{
    return {.conninfo = conninfo, .application_name = "test", .connect_timeout = patience};
}

const Parameters none;

Result ask(Connection &connection, Milliseconds deadline = patience)
{
    return connection.transact({{{"x", "SELECT 1", none}}}, Ending::commit, deadline);
}

// ---- connecting --------------------------------------------------------------------------------------------------

struct Refusal {
    const char *sqlstate;
    bool is_transient;
};
class RefusedTest : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedTest, TheSqlstateOfARefusedConnectionIsKnown)
{
    const FakeServer server({error("FATAL", GetParam().sqlstate, "the message")});
    const DbError failure = failure_of([&] { const Connection connection(target(server.conninfo())); });
    EXPECT_EQ(failure.sqlstate(), GetParam().sqlstate);
    EXPECT_EQ(failure.is_transient(), GetParam().is_transient);
    EXPECT_THAT(failure.what(), HasSubstr("the message"));
}

INSTANTIATE_TEST_SUITE_P(States, RefusedTest,
                         testing::Values(Refusal{"57P03", true}, Refusal{"53300", true}, Refusal{"28P01", false},
                                         Refusal{"28000", false}, Refusal{"3D000", false}),
                         [](const auto &info) { return info.param.sqlstate; });

TEST(ConnectTest, AServerThatCannotBeginASessionIsOneThatCannotBeConnectedTo)
{
    const FakeServer server({error("FATAL", "XX000", "could not write init file")});
    const DbError failure = failure_of([&] { const Connection connection(target(server.conninfo())); });
    EXPECT_EQ(failure.sqlstate(), "08001");
    EXPECT_TRUE(failure.is_transient());
    EXPECT_THAT(failure.what(), HasSubstr("XX000: could not write init file"));
}

TEST(ConnectTest, TranslatedSeveritiesMakeNoDifference)
{
    const FakeServer server({error("SCHWERWIEGEND", "28P01", "Passwort-Authentifizierung fehlgeschlagen: x")});
    EXPECT_EQ(failure_of([&] { const Connection connection(target(server.conninfo())); }).sqlstate(), "28P01");
}

TEST(ConnectTest, TheServersPlaceInItsSourceIsLeftOut)
{
    const FakeServer server({error("FATAL", "28P01", "the message")});
    const DbError failure = failure_of([&] { const Connection connection(target(server.conninfo())); });
    EXPECT_EQ(std::string(failure.what()).find("LOCATION"), std::string::npos);
    EXPECT_EQ(std::string(failure.what()).find("28P01"), std::string::npos);
}

TEST(ConnectTest, NobodyThereIsTransient)
{
    const DbError failure = failure_of([] { const Connection connection(target("host=127.0.0.1 port=1")); });
    EXPECT_EQ(failure.sqlstate(), "08001");
    EXPECT_TRUE(failure.is_transient());
}

TEST(ConnectTest, TheMessageIsOneLine)
{
    const DbError failure = failure_of([] { const Connection connection(target("host=127.0.0.1 port=1")); });
    EXPECT_EQ(std::string_view(failure.what()).find_first_of("\n\t"), std::string_view::npos);
}

TEST(ConnectTest, ASilentServerIsGivenUp)
{
    const FakeServer server({""}, false);
    Target silent = target(server.conninfo());
    silent.connect_timeout = soon;
    const auto begun = Clock::now();
    EXPECT_EQ(failure_of([&] { const Connection connection(silent); }).sqlstate(), "08001");
    EXPECT_GE(Clock::now() - begun, soon);
    EXPECT_LT(Clock::now() - begun, patience);
}

TEST(ConnectTest, AWaitCanBeGivenUp)
{
    const FakeServer server({""}, false);
    Target silent = target(server.conninfo());
    silent.keep_waiting = [] { return false; };
    const auto begun = Clock::now();
    EXPECT_EQ(failure_of([&] { const Connection connection(silent); }).sqlstate(), "08001");
    EXPECT_LT(Clock::now() - begun, patience);
}

// ---- statements --------------------------------------------------------------------------------------------------

TEST(StatementTest, AnErrorKeepsAllItsFields)
{
    const FakeServer server({welcome(), error("ERROR", "23505", "the message") + message('Z', "I")}, false);
    Connection connection(target(server.conninfo()));
    const DbError failure = failure_of([&] { ask(connection); });
    EXPECT_EQ(failure.sqlstate(), "23505");
    EXPECT_STREQ(failure.what(), "the message");
    EXPECT_EQ(failure.hint(), "the hint");
    EXPECT_TRUE(connection.is_usable()) << "a statement's error is not the connection's";
}

TEST(StatementTest, AServerThatGoesWithAWordIsQuoted)
{
    const FakeServer server({welcome(), error("FATAL", "57P01", "terminating connection")});
    Connection connection(target(server.conninfo()));
    EXPECT_EQ(failure_of([&] { ask(connection); }).sqlstate(), "57P01");
    EXPECT_FALSE(connection.is_usable());
}

TEST(StatementTest, AServerThatGoesWithoutAWordIsLost)
{
    const FakeServer server({welcome(), ""});
    Connection connection(target(server.conninfo()));
    EXPECT_EQ(failure_of([&] { ask(connection); }).sqlstate(), "08006");
    EXPECT_FALSE(connection.is_usable());
}

TEST(StatementTest, ALostConnectionStaysLost)
{
    const FakeServer server({welcome(), ""});
    Connection connection(target(server.conninfo()));
    EXPECT_EQ(failure_of([&] { ask(connection); }).sqlstate(), "08006");
    EXPECT_EQ(failure_of([&] { ask(connection); }).sqlstate(), "08006");
    connection.keep_statements();
    EXPECT_EQ(failure_of([&] { ask(connection); }).sqlstate(), "08006");
}

TEST(StatementTest, ASilentServerIsGivenUpAtTheDeadline)
{
    const FakeServer server({welcome(), ""}, false);
    Connection connection(target(server.conninfo()));
    const auto begun = Clock::now();
    const DbError failure = failure_of([&] { ask(connection, soon); });
    EXPECT_EQ(failure.sqlstate(), "08006");
    EXPECT_TRUE(failure.is_transient());
    EXPECT_GE(Clock::now() - begun, soon);
    EXPECT_FALSE(connection.is_usable());
}

TEST(StatementTest, AWaitIsLookedAfterAndCanBeGivenUp)
{
    const FakeServer server({welcome(), ""}, false);
    Target watched = target(server.conninfo());
    int asked = 0;
    watched.keep_waiting = [&asked] { return ++asked < 3; };
    Connection connection(watched);
    const DbError failure = failure_of([&] { ask(connection); });
    EXPECT_EQ(failure.sqlstate(), "08006");
    EXPECT_EQ(asked, 3);
    EXPECT_FALSE(connection.is_usable());
}

TEST(StatementTest, NoticesAreHandedOn)
{
    const FakeServer server(
        {welcome(), error("WARNING", "01000", "beware", 'N') + error("ERROR", "22000", "x") + message('Z', "I")},
        false);
    Target noisy = target(server.conninfo());
    std::string heard;
    noisy.on_notice = [&](const Notice &notice) {
        heard = std::string(notice.severity) + " " + std::string(notice.sqlstate) + " " + std::string(notice.message);
    };
    Connection connection(noisy);
    failure_of([&] { ask(connection); });
    EXPECT_EQ(heard, "WARNING 01000 beware");
}

TEST(StatementTest, AConnectionThatTheServerClosedIsNotUsable)
{
    const FakeServer server({welcome()});
    Connection connection(target(server.conninfo()));
    const auto deadline = Clock::now() + patience;
    while (connection.is_usable() && Clock::now() < deadline) std::this_thread::yield();
    EXPECT_FALSE(connection.is_usable());
}

// ---- transactions ------------------------------------------------------------------------------------------------

/* What the server says to a statement that is parsed, bound, described and run, and has one row and column. */
std::string row(const std::string &value)
{
    const auto number = [](std::uint32_t n, int bytes) {
        std::string text;
        for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(n >> (8 * i) & 0xFFU);
        return text;
    };
    const std::string column = std::string("c") + std::string(7, '\0') + number(25, 4) + number(0xFFFF, 2) +
                               number(0xFFFFFFFF, 4) + number(0, 2);
    return message('1', "") + message('2', "") + message('T', number(1, 2) + column) +
           message('D', number(1, 2) + number(static_cast<std::uint32_t>(value.size()), 4) + value) +
           message('C', std::string("SELECT 1") + '\0');
}

std::string done(const std::string &tag)
{
    return message('1', "") + message('2', "") + message('n', "") + message('C', tag + '\0');
}

TEST(TransactionTest, IsOneRoundTripWhoseLastStatementIsAnswered)
{
    const FakeServer server(
        {welcome(), done("BEGIN") + row("first") + row("second") + done("COMMIT") + message('Z', "I")}, false);
    Connection connection(target(server.conninfo()));
    const Result answer = connection.transact({{{"a", "SELECT 1", none}, {"b", "SELECT 2", none}}});
    EXPECT_EQ(answer.text(0, 0), "second");
    EXPECT_TRUE(connection.is_usable());
}

TEST(TransactionTest, AFailedOneIsLeftAndTheStatementKnown)
{
    const FakeServer server({welcome(),
                             done("BEGIN") + row("first") + error("ERROR", "23505", "no") + message('Z', "E"),
                             message('C', std::string("ROLLBACK") + '\0') + message('Z', "I"),
                             done("BEGIN") + row("again") + done("COMMIT") + message('Z', "I")},
                            false);
    Connection connection(target(server.conninfo()));
    const DbError failure = failure_of([&] {
        connection.transact({{{"a", "SELECT 1", none}, {"b", "SELECT 2", none}}});
    });
    EXPECT_EQ(failure.sqlstate(), "23505");
    EXPECT_EQ(failure.query(), 1U);
    EXPECT_EQ(ask(connection).text(0, 0), "again");
}

TEST(TransactionTest, ACommitThatFailsIsAFailure)
{
    const FakeServer server(
        {welcome(), done("BEGIN") + row("first") + error("ERROR", "23503", "deferred") + message('Z', "I")}, false);
    Connection connection(target(server.conninfo()));
    EXPECT_EQ(failure_of([&] { ask(connection); }).sqlstate(), "23503");
    EXPECT_TRUE(connection.is_usable());
}

TEST(TransactionTest, AnAnswerBeforeAnOutcomeIsNone)
{
    const FakeServer server({welcome(), done("BEGIN") + row("first")});
    Connection connection(target(server.conninfo()));
    EXPECT_EQ(failure_of([&] { ask(connection); }).sqlstate(), "08006");
    EXPECT_FALSE(connection.is_usable());
}

// ---- values ------------------------------------------------------------------------------------------------------

TEST(ParametersTest, ATextWithNulIsRefusedAsTheServerWould)
{
    using namespace std::string_view_literals;
    EXPECT_EQ(failure_of([] { Parameters().text("a\0b"sv); }).sqlstate(), "22021");
}

struct State {
    const char *sqlstate;
    bool is_transient;
};
class TransientTest : public testing::TestWithParam<State> {};

TEST_P(TransientTest, ByItsClass)
{
    EXPECT_EQ(is_transient(GetParam().sqlstate), GetParam().is_transient);
}

INSTANTIATE_TEST_SUITE_P(Classes, TransientTest,
                         testing::Values(State{"08006", true}, State{"53100", true}, State{"57014", true},
                                         State{"57P01", true}, State{"58030", true}, State{"40001", true},
                                         State{"40P01", true}, State{"55P03", true}, State{"25006", true},
                                         State{"55006", false}, State{"25001", false}, State{"42883", false},
                                         State{"42501", false}, State{"23505", false}, State{"AN001", false},
                                         State{"XX000", false}, State{"22023", false}),
                         [](const auto &info) { return info.param.sqlstate; });

// ---- conninfo ----------------------------------------------------------------------------------------------------

struct Masked {
    const char *name;
    const char *conninfo;
    const char *shown;
};
class MaskedTest : public testing::TestWithParam<Masked> {};

TEST_P(MaskedTest, ShowsEverythingButPasswords)
{
    EXPECT_EQ(masked_conninfo(GetParam().conninfo), GetParam().shown);
    EXPECT_EQ(conninfo_fault(GetParam().conninfo), "");
}

INSTANTIATE_TEST_SUITE_P(
    Forms, MaskedTest,
    testing::Values(Masked{"Url", "postgresql://u:s3cr3t@h:5433/d", "postgresql://u:***@h:5433/d"},
                    Masked{"ShortScheme", "postgres://u:s3cr3t@h/d", "postgresql://u:***@h/d"},
                    Masked{"NoPassword", "postgresql://u@h/d", "postgresql://u@h/d"},
                    Masked{"Query", "postgresql://h/d?user=u&password=s3cr3t", "postgresql://u:***@h/d"},
                    Masked{"EncodedKeyword", "postgresql://h/d?user=u&p%61ssword=s3cr3t", "postgresql://u:***@h/d"},
                    Masked{"AtInPassword", "postgresql://u:s3%40cr3t@h/d", "postgresql://u:***@h/d"},
                    Masked{"KeyPassword", "postgresql://h/d?sslpassword=s3cr3t", "postgresql://h/d?sslpassword=***"},
                    Masked{"Keywords", "host=h dbname=d user=u password='s3 cr3t'", "postgresql://u:***@h/d"},
                    Masked{"Socket", "postgresql://u@/d?host=/run/x&port=1",
                           "postgresql://u@/d?host=%2Frun%2Fx&port=1"},
                    Masked{"Hosts", "postgresql://a:1,b:2/d", "postgresql:///d?host=a,b&port=1,2"}),
    [](const auto &info) { return info.param.name; });

TEST(ConninfoFaultTest, NeverQuotes)
{
    for (const char *bad :
         {"postgresql://u:s3cr3t@h/d?nosuch=1", "postgresql://u:s3cr3t%zz@h", "mysql://u:s3cr3t@h", "password"}) {
        EXPECT_NE(conninfo_fault(bad), "") << bad;
        EXPECT_EQ(conninfo_fault(bad).find("s3cr3t"), std::string::npos) << bad;
    }
}

} // namespace
} // namespace analytics::runtime
