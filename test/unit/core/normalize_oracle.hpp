/* A second normalizer to compare with, for records that could be read: the reference's sentences, one after the other,
 * over a map of members. It has no slots and no tape, and is slow and simple.
 *
 * It shares instant_of_text and instant_of_number with the core; those have oracles of their own. */
#pragma once

#include "verdict_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <regex>
#include <string>
#include <vector>

namespace analytics::core {

/** What the oracle judges times and versions by. */
struct OracleClock {
    Instant ingested_at = 0;
    TimeLimits limits{};
    std::vector<Contract> contracts{};
    ContractMode unregistered = ContractMode::accept;
};

class NormalizeOracle {
public:
    using Clock = OracleClock;

    /** verdict_text's line for an event, else the name of the reason. */
    static std::string judge(const Value &record, Reason unstorable, const Shapes &shapes, const Clock &clock = {})
    {
        NormalizeOracle oracle(record, clock);
        const Reason reason = oracle.reason(shapes);
        if (reason != Reason::none) return std::string(name(reason));
        if (unstorable != Reason::none) return std::string(name(unstorable));
        return oracle.line_;
    }

    /** The same words from a verdict. */
    static std::string answer(const Verdict &verdict, const Document &document)
    {
        return verdict.refusal ? std::string(name(verdict.refusal.reason)) : verdict_text(verdict, document);
    }

    /** A Java array is read as the text that it would be. */
    static std::optional<Instant> instant(const Value &value)
    {
        if (value.kind == Kind::string) return instant_of_text(value.text);
        if (value.kind == Kind::number) return instant_of_number(value.text);
        if (value.kind != Kind::array || value.elements.size() < 5 || value.elements.size() > 7) return std::nullopt;
        int fields[7] = {};
        for (std::size_t i = 0; i < value.elements.size(); ++i) {
            const Value &element = value.elements[i];
            std::string digits = element.text == "-0" ? "0" : element.text;
            if (element.kind != Kind::number || digits.find_first_not_of("0123456789") != std::string::npos ||
                digits.size() > 9)
                return std::nullopt;
            fields[i] = std::stoi(digits);
        }
        if (fields[5] == 60) return std::nullopt;
        char text[96];
        std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%09d", fields[0], fields[1], fields[2],
                      fields[3], fields[4], fields[5], fields[6]);
        return instant_of_text(text);
    }

private:
    NormalizeOracle(const Value &record, const Clock &clock) : record_(record), clock_(clock) {}

    bool present(const std::string &member) const { return record_.members.count(member) != 0; }
    bool given(const std::string &member) const
    {
        return present(member) && record_.members.at(member).kind != Kind::null;
    }

    static bool is_text(const Value &value, std::size_t longest)
    {
        std::size_t characters = 0;
        for (std::size_t at = 0; at < value.text.size(); ++characters) {
            const auto lead = static_cast<unsigned char>(value.text[at]);
            at += lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        }
        return value.kind == Kind::string && characters >= 1 && characters <= longest;
    }

    bool bad_text(const std::string &member, std::size_t longest) const
    {
        return given(member) && !is_text(record_.members.at(member), longest);
    }

    bool plausible(Instant time, std::int64_t max_future, std::int64_t max_past) const
    {
        const Instant latest = max_future < 0 ? max_instant : clock_.ingested_at + max_future;
        const Instant earliest = max_past < 0 ? min_instant : clock_.ingested_at - max_past;
        return earliest <= time && time <= latest;
    }

    Reason reason(const Shapes &shapes)
    {
        if (record_.kind != Kind::object) return Reason::not_an_object;
        if (present("eventType") && present("payload")) return canonical();
        for (const Shape &shape : shapes)
            if (fits(shape)) return of_shape(shape);
        return Reason::unknown_shape;
    }

    Reason canonical()
    {
        if (!given("eventType") || !given("source") || !given("payload")) return Reason::missing_field;
        Value payload = record_.members.at("payload");
        if (bad_text("eventType", 120) || bad_text("source", 120) || payload.kind != Kind::object ||
            bad_text("tenantId", 64) || bad_text("eventId", 200))
            return Reason::invalid_field;
        std::optional<Instant> time;
        if (given("occurredAt") && !(time = instant(record_.members.at("occurredAt"))))
            return Reason::invalid_timestamp;
        if (time && !plausible(*time, clock_.limits.max_future, clock_.limits.max_past))
            return Reason::implausible_time;
        if (given("tenantId")) tenant_ = record_.members.at("tenantId").text;
        std::string key = "-";
        if (given("eventId"))
            key = "[\"" + record_.members.at("eventId").text + "\"]";
        else if (payload.members.count("eventId") != 0 && is_text(payload.members.at("eventId"), 200))
            key = "[\"" + payload.members.at("eventId").text + "\"]";
        const std::string type = record_.members.at("eventType").text;
        return versioned("canonical", type, record_.members.at("source").text, time, key, payload, 0);
    }

    /** N of a text that is nothing but digits, does not begin with 0 and is an int; else 0. */
    static int number_of_digits(const std::string &text)
    {
        if (text.empty() || text[0] == '0' || text.find_first_not_of("0123456789") != std::string::npos) return 0;
        return text.size() > 10 || std::stoll(text) > 2147483647 ? 0 : static_cast<int>(std::stoll(text));
    }

    /** Numbers of tests are exact as doubles. */
    static int version_of(const Value *value, bool may_be_text)
    {
        if (value == nullptr) return 0;
        if (may_be_text && value->kind == Kind::string) return number_of_digits(value->text);
        const double number = value->kind == Kind::number ? std::strtod(value->text.c_str(), nullptr) : 0;
        return number >= 1 && number <= 2147483647 && number == std::floor(number) ? static_cast<int>(number) : 0;
    }

    /** The rules of versions and contracts, for an event that is one by all other rules. */
    Reason versioned(const std::string &shape, std::string type, const std::string &source, std::optional<Instant> time,
                     const std::string &key, Value payload, int shape_version)
    {
        std::smatch parts;
        static const std::regex suffixed("([^]+)\\.v([^.]*)");
        int version = 0;
        std::string base = type;
        if (std::regex_match(type, parts, suffixed) && (version = number_of_digits(parts[2])) != 0) base = parts[1];
        const auto is_of_type = [&](const Contract &contract) { return contract.event_type == base; };
        const bool registered = std::any_of(clock_.contracts.begin(), clock_.contracts.end(), is_of_type);
        bool is_said = version == 0;
        if (version == 0) {
            const auto own = payload.members.find("version");
            version = version_of(own == payload.members.end() ? nullptr : &own->second, false);
            is_said = version != 0 || shape_version == 0;
            if (version == 0) version = shape_version == 0 ? 1 : shape_version;
        } else if (!registered) {
            is_said = true;
        }
        if (!is_said) payload.members.insert_or_assign("version", scalar(Kind::number, std::to_string(version)));
        if (registered) type = base;
        put_line(shape, type, source, time, key, payload);
        for (const Contract &contract : clock_.contracts)
            if (contract.event_type == base && contract.version == version)
                return contract.mode == ContractMode::refuse && clock_.ingested_at >= contract.valid_from
                           ? Reason::contract_violation
                           : Reason::none;
        return clock_.unregistered == ContractMode::refuse ? Reason::contract_violation : Reason::none;
    }

    /** The value at a JSON Pointer, or of a top-level member. */
    const Value *at(const MemberPath &path) const
    {
        std::string rest = path.text.rfind('/', 0) == 0 ? path.text : "/" + escaped(path.text);
        const Value *value = &record_;
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find('/', 1), rest.size());
            const std::string token = unescaped(rest.substr(1, end - 1));
            rest.erase(0, end);
            if (value->kind == Kind::object && value->members.count(token) != 0)
                value = &value->members.at(token);
            else if (value->kind == Kind::array && is_position(token) && std::stoul(token) < value->elements.size())
                value = &value->elements[std::stoul(token)];
            else
                return nullptr;
        }
        return value;
    }

    static bool is_position(const std::string &token)
    {
        return token == "0" || (token.size() < 10 && token.find_first_not_of("0123456789") == std::string::npos &&
                                token.find_first_of("123456789") == 0);
    }

    static std::string replaced(std::string text, const std::string &from, const std::string &to)
    {
        for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
            text.replace(at, from.size(), to);
        return text;
    }
    static std::string escaped(const std::string &name) { return replaced(replaced(name, "~", "~0"), "/", "~1"); }
    static std::string unescaped(const std::string &token) { return replaced(replaced(token, "~1", "/"), "~0", "~"); }

    bool fits(const Shape &shape) const
    {
        const auto is_present = [&](const std::string &member) { return present(member); };
        const auto is_given = [&](const std::string &member) { return given(member); };
        return std::all_of(shape.required.begin(), shape.required.end(), is_present) &&
               std::all_of(shape.not_null.begin(), shape.not_null.end(), is_given) &&
               std::none_of(shape.null_or_absent.begin(), shape.null_or_absent.end(), is_given) &&
               std::none_of(shape.absent.begin(), shape.absent.end(), is_present) &&
               std::all_of(shape.conditions.begin(), shape.conditions.end(),
                           [&](const Condition &condition) { return holds(condition); });
    }

    /** Numbers of tests are exact as doubles. */
    bool holds(const Condition &condition) const
    {
        const Value *value = at(condition.member);
        return value != nullptr &&
               std::any_of(condition.values.begin(), condition.values.end(), [&](const Scalar &one) {
                   if (one.kind != value->kind) return false;
                   return one.text == value->text ||
                          (one.kind == Kind::number &&
                           std::strtod(one.text.c_str(), nullptr) == std::strtod(value->text.c_str(), nullptr));
               });
    }

    bool given_at(const MemberPath &path) const { return at(path) != nullptr && at(path)->kind != Kind::null; }
    bool bad_text_at(const MemberPath &path, std::size_t longest) const
    {
        return given_at(path) && !is_text(*at(path), longest);
    }

    Reason of_shape(const Shape &shape)
    {
        const MemberPath tenant = shape.tenant_member.text.empty() ? MemberPath("tenantId") : shape.tenant_member;
        const bool reads_type = shape.event_type.empty();
        const bool reads_source = shape.source.empty();
        if ((reads_type && !given_at(shape.event_type_member)) || (reads_source && !given_at(shape.source_member)))
            return Reason::missing_field;
        if ((reads_type && bad_text_at(shape.event_type_member, 120)) ||
            (reads_source && bad_text_at(shape.source_member, 120)) ||
            (shape.tenant_id.empty() && bad_text_at(tenant, 64)))
            return Reason::invalid_field;
        std::optional<Instant> time;
        if (!shape.time_member.text.empty() && given_at(shape.time_member)) {
            time = instant(*at(shape.time_member));
            if (!time) return Reason::invalid_timestamp;
            if (!plausible(*time, shape.max_future ? *shape.max_future : clock_.limits.max_future,
                           shape.max_past ? *shape.max_past : clock_.limits.max_past))
                return Reason::implausible_time;
        } else if (!shape.time_member.text.empty() && !shape.time_optional) {
            return Reason::invalid_timestamp;
        }
        std::string key;
        for (const MemberPath &member : shape.key_members) {
            const Value *value = at(member);
            if (value == nullptr || (value->kind != Kind::string && value->kind != Kind::number)) {
                key.clear();
                break;
            }
            key += (key.empty() ? "\"" : ",\"") + value->text + "\"";
        }
        const Value *body = shape.payload_member.text.empty() ? nullptr : at(shape.payload_member);
        Value payload = body != nullptr && body->kind == Kind::object ? *body : record_;
        if (time && !shape.iso_member.empty())
            payload.members.insert_or_assign(shape.iso_member, scalar(Kind::string, iso8601(*time).view()));
        tenant_ = !shape.tenant_id.empty() ? shape.tenant_id : given_at(tenant) ? at(tenant)->text : "";
        const int version = shape.version != 0                  ? shape.version
                            : shape.version_member.text.empty() ? 0
                                                                : version_of(at(shape.version_member), true);
        return versioned(shape.name, reads_type ? at(shape.event_type_member)->text : shape.event_type,
                         reads_source ? at(shape.source_member)->text : shape.source, time,
                         key.empty() ? "-" : "[" + key + "]", payload, version);
    }

    void put_line(const std::string &shape, const std::string &type, const std::string &source,
                  std::optional<Instant> time, const std::string &key, const Value &payload)
    {
        const std::string tenant = tenant_.empty() ? "-" : "\"" + tenant_ + "\"";
        const std::string when = time ? std::string(iso8601(*time).view()) : "-";
        line_ = shape + " " + type + " " + source + " " + when + " " + tenant + " " + key + " " + printed(payload);
    }

    const Value &record_;
    const Clock &clock_;
    std::string tenant_; // empty: none
    std::string line_;
};

} // namespace analytics::core
