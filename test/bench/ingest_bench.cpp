/* One timed pass of NDJSON into a database, over one connection: the benchmark's stopwatch.
 *
 *   ingest_bench copy FILE                    COPY into the table "bare (event jsonb)": what PostgreSQL itself can do
 *   ingest_bench ingest FILE BATCH [ROUNDS]   analytics_ingest_kafka, BATCH records a call, each call a transaction;
 *                                             with rounds, the file that often in one go, each time as other events of
 *                                             a later day (shifted.hpp)
 *
 * The connection is libpq's (PG*). The file is mapped and read through before the clock starts; the clock stops when
 * the last commit is acknowledged. In both modes the client prepares bytes while the server works on the ones before.
 * Prints the seconds, a line at each round's last commit. COPY's csv format with delimiter and quote that no JSON text
 * holds takes lines as they are. */
#include "shifted.hpp"

#include <libpq-fe.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t copy_chunk = std::size_t{1} << 18; // bytes a PQputCopyData
constexpr std::uint32_t bytea_oid = 17;
constexpr std::uint32_t int8_oid = 20;
constexpr std::uint32_t timestamptz_oid = 1184;
constexpr std::int64_t recorded_at = 822'700'800'000'000; // 2026-01-26T00:00:00Z in microseconds since 2000

struct Free {
    void operator()(PGconn *connection) const { PQfinish(connection); }
    void operator()(PGresult *result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Free>;
using Result = std::unique_ptr<PGresult, Free>;

Result checked(PGconn *connection, PGresult *raw, ExecStatusType expected)
{
    Result result{raw};
    if (PQresultStatus(result.get()) != expected) {
        throw std::runtime_error{PQerrorMessage(connection)};
    }
    return result;
}

/** A file's bytes, mapped and touched, for as long as this lives; what is written to them stays with us. */
class Mapped {
public:
    explicit Mapped(const char *path)
    {
        const int file = open(path, O_RDONLY | O_CLOEXEC);
        struct stat status {};
        if (file < 0 || fstat(file, &status) != 0) {
            throw std::runtime_error{std::string{"cannot read "} + path};
        }
        size_ = static_cast<std::size_t>(status.st_size);
        start_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE, file, 0);
        close(file);
        if (start_ == MAP_FAILED) {
            throw std::runtime_error{std::string{"cannot map "} + path};
        }
    }
    ~Mapped() { munmap(start_, size_); }
    Mapped(const Mapped &) = delete;
    Mapped &operator=(const Mapped &) = delete;

    std::string_view bytes() const { return {static_cast<const char *>(start_), size_}; }
    std::span<char> writable() { return {static_cast<char *>(start_), size_}; }

private:
    void *start_ = nullptr;
    std::size_t size_ = 0;
};

std::vector<std::string_view> lines_of(std::string_view bytes)
{
    std::vector<std::string_view> lines;
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        lines.push_back(bytes.substr(0, end));
        bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    }
    return lines;
}

/** An array in PostgreSQL's binary form: one dimension, no nulls. */
class BinaryArray {
public:
    void start(std::uint32_t element_oid, std::size_t elements)
    {
        bytes_.clear();
        for (const std::uint32_t word : {1U, 0U, element_oid, static_cast<std::uint32_t>(elements), 1U}) {
            put(word);
        }
    }
    void add(std::string_view element)
    {
        put(static_cast<std::uint32_t>(element.size()));
        bytes_.append(element);
    }
    void add(std::int64_t element)
    {
        put(std::uint32_t{sizeof element});
        put(static_cast<std::uint32_t>(static_cast<std::uint64_t>(element) >> 32U));
        put(static_cast<std::uint32_t>(element));
    }
    const std::string &bytes() const { return bytes_; }

private:
    void put(std::uint32_t word)
    {
        const auto big_endian = std::bit_cast<std::array<char, sizeof word>>(__builtin_bswap32(word));
        bytes_.append(big_endian.data(), big_endian.size());
    }

    std::string bytes_;
};

/** The parameters of one call, as the ingestor gives them. */
class Call {
public:
    Call(std::span<const std::string_view> records, std::size_t first)
        : first_(std::to_string(first)), next_(std::to_string(first + records.size()))
    {
        records_.start(bytea_oid, records.size());
        offsets_.start(int8_oid, records.size());
        keys_.start(bytea_oid, records.size());
        timestamps_.start(timestamptz_oid, records.size());
        for (std::size_t i = 0; i < records.size(); ++i) {
            const std::string_view record = records[i];
            records_.add(record);
            offsets_.add(static_cast<std::int64_t>(first + i));
            keys_.add(record.substr(0, key_size));
            timestamps_.add(recorded_at);
        }
    }

    void send(PGconn *connection, const std::string &epoch) const
    {
        const std::array<const std::string *, 7> texts{
            &epoch, &first_, &next_, &records_.bytes(), &offsets_.bytes(), &keys_.bytes(), &timestamps_.bytes()};
        std::array<const char *, texts.size()> values{};
        std::array<int, texts.size()> lengths{};
        for (std::size_t i = 0; i < texts.size(); ++i) {
            values[i] = texts[i]->data();
            lengths[i] = static_cast<int>(texts[i]->size());
        }
        constexpr std::array<int, texts.size()> formats{0, 0, 0, 1, 1, 1, 1};
        if (PQsendQueryPrepared(connection, "ingest", texts.size(), values.data(), lengths.data(), formats.data(), 0) !=
            1) {
            throw std::runtime_error{PQerrorMessage(connection)};
        }
    }

private:
    static constexpr std::size_t key_size = 16;

    std::string first_;
    std::string next_;
    BinaryArray records_;
    BinaryArray offsets_;
    BinaryArray keys_;
    BinaryArray timestamps_;
};

void copy(PGconn *connection, std::string_view bytes)
{
    checked(connection, PQexec(connection, R"(COPY bare FROM STDIN (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02'))"),
            PGRES_COPY_IN);
    for (; !bytes.empty(); bytes.remove_prefix(std::min(copy_chunk, bytes.size()))) {
        const std::string_view chunk = bytes.substr(0, copy_chunk);
        if (PQputCopyData(connection, chunk.data(), static_cast<int>(chunk.size())) != 1) {
            throw std::runtime_error{PQerrorMessage(connection)};
        }
    }
    if (PQputCopyEnd(connection, nullptr) != 1) {
        throw std::runtime_error{PQerrorMessage(connection)};
    }
    checked(connection, PQgetResult(connection), PGRES_COMMAND_OK);
}

/** Takes the partition and prepares the call; returns the epoch. */
std::string prepare(PGconn *connection)
{
    checked(connection,
            PQprepare(connection, "ingest",
                      "SELECT stored, duplicates, dead_lettered, skipped FROM analytics_ingest_kafka('bench', 'bench', "
                      "0, $1::bigint, "
                      "$2::bigint, $3::bigint, $4::bytea[], $5::bigint[], $6::bytea[], $7::timestamptz[])",
                      0, nullptr),
            PGRES_COMMAND_OK);
    const Result taken = checked(connection,
                                 PQexec(connection, "SELECT owner_epoch "
                                                    "FROM analytics_claim_partition('bench', 'bench', 0, 'bench', 0)"),
                                 PGRES_TUPLES_OK);
    return PQgetvalue(taken.get(), 0, 0);
}

/** The lines, round after round; told(round) when its last batch is committed. */
template <class Told> void ingest(PGconn *connection, std::span<const std::string_view> lines, std::size_t batch,
                                  const std::string &epoch, Shifted *shifted, int rounds, Told told)
{
    const auto call = [&](int round, std::size_t first) {
        const auto part = lines.subspan(first, std::min(batch, lines.size() - first));
        const char *const end = part.back().data() + part.back().size();
        if (shifted != nullptr) shifted->rewrite({part.front().data(), end}, round);
        return Call{part, static_cast<std::size_t>(round) * lines.size() + first};
    };
    Call next = call(0, 0);
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t first = 0; first < lines.size(); first += batch) {
            next.send(connection, epoch);
            if (first + batch < lines.size())
                next = call(round, first + batch);
            else if (round + 1 < rounds)
                next = call(round + 1, 0);
            checked(connection, PQgetResult(connection), PGRES_TUPLES_OK);
            if (PQgetResult(connection) != nullptr) {
                throw std::runtime_error{"more than one result"};
            }
        }
        told();
    }
}

} // namespace

int main(int argc, char **argv)
try {
    const std::span arguments{argv, static_cast<std::size_t>(argc)};
    if (argc < 3) {
        std::fputs("ingest_bench copy FILE | ingest FILE BATCH [ROUNDS]\n", stderr);
        return 64;
    }
    const std::string_view mode = arguments[1];
    Mapped file{arguments[2]};
    const std::vector<std::string_view> lines = lines_of(file.bytes());
    const Connection connection{PQconnectdb("")};
    if (PQstatus(connection.get()) != CONNECTION_OK) {
        throw std::runtime_error{PQerrorMessage(connection.get())};
    }

    const std::string epoch = mode == "ingest" ? prepare(connection.get()) : std::string{};
    const int rounds = argc > 4 ? std::stoi(arguments[4]) : 1;
    std::optional<Shifted> shifted;
    if (rounds > 1) {
        shifted.emplace(file.writable());
    }
    const auto began = std::chrono::steady_clock::now();
    const auto tell = [&] {
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
        std::printf("%.6f\n", seconds.count());
        std::fflush(stdout);
    };
    if (mode == "ingest") {
        ingest(connection.get(), lines, std::stoul(arguments[3]), epoch, shifted ? &*shifted : nullptr, rounds, tell);
    } else {
        copy(connection.get(), file.bytes());
        tell();
    }
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "ingest_bench: %s\n", error.what());
    return 1;
}
