#include "access.hpp"

#include "../../extension/core/text/ascii.hpp"
#include "../../runtime/file.hpp"
#include "../server/problem.hpp"

#include <algorithm>
#include <cmath>

namespace analytics::http {

namespace {

std::vector<ApiKey> keys_of_file(const std::string &path)
{
    const std::optional<std::string> text = runtime::read_file(path);
    if (!text) throw KeyFault("cannot read \"" + path + "\"");
    return read_keys(*text);
}

/** RFC 6750, 2.1; empty when it is something else. */
std::string_view bearer_token(std::string_view authorization)
{
    const std::string_view scheme = core::take_until(' ', authorization);
    return core::equals_ignoring_case(scheme, "bearer") ? core::trimmed(authorization) : std::string_view{};
}

Response unknown(bool is_given)
{
    Response refusal = response_of({.status = 401, .detail = is_given ? "the key is not known" : "a key is needed"});
    refusal.headers.emplace_back("WWW-Authenticate", is_given ? R"(Bearer realm="analytics", error="invalid_token")"
                                                              : R"(Bearer realm="analytics")");
    return refusal;
}

Response forbidden(Scope scope)
{
    const std::string needed(scope_names.at(static_cast<std::size_t>(scope)));
    Response refusal = response_of({.status = 403, .detail = "the key does not have the scope " + needed});
    refusal.headers.emplace_back("WWW-Authenticate",
                                 R"(Bearer realm="analytics", error="insufficient_scope", scope=")" + needed + '"');
    return refusal;
}

} // namespace

Access::Access(std::string path)
    : path_(std::move(path)),
      keys_(std::make_shared<std::vector<ApiKey>>(path_.empty() ? std::vector<ApiKey>{} : keys_of_file(path_)))
{
}

void Access::reload(runtime::Observer &observe)
{
    if (path_.empty()) return;
    try {
        auto read = std::make_shared<const std::vector<ApiKey>>(keys_of_file(path_));
        const std::size_t count = read->size();
        {
            const std::scoped_lock lock(mutex_);
            keys_ = std::move(read);
            ++generation_;
            std::erase_if(buckets_, [&](const auto &bucket) {
                return std::none_of(keys_->begin(), keys_->end(),
                                    [&](const ApiKey &key) { return key.id == bucket.first; });
            });
        }
        observe(event::KeysLoaded{.keys = count});
    } catch (const std::exception &error) {
        observe(event::KeysRefused{.message = error.what()});
    }
}

Access::Keys Access::keys() const
{
    const std::scoped_lock lock(mutex_);
    return keys_;
}

int Access::wait_of(const ApiKey &key, Clock::time_point now)
{
    if (key.rate == 0) return 0;
    const double capacity = key.rate;
    const std::scoped_lock lock(mutex_);
    Bucket &bucket = buckets_.try_emplace(key.id, Bucket{capacity, now}).first->second;
    const std::chrono::duration<double> passed = now - bucket.since;
    bucket.tokens = std::min(capacity, bucket.tokens + std::max(passed.count(), 0.0) * capacity);
    bucket.since = now;
    if (bucket.tokens < 1) return static_cast<int>(std::ceil((1 - bucket.tokens) / capacity));
    bucket.tokens -= 1;
    return 0;
}

std::variant<Caller, Response> Access::authorize(const Request &request, Scope scope, Clock::time_point now)
{
    if (path_.empty() || scope == Scope::none) return Caller{};
    const Keys known = keys();
    const std::string_view token = bearer_token(request.authorization);
    const ApiKey *key = find_key(*known, token);
    if (key == nullptr) return unknown(!token.empty());
    if (const int seconds = wait_of(*key, now); seconds > 0)
        return response_of({.status = 429, .detail = "the key is used too often", .retry_after = seconds});
    if (!key->may(scope)) return forbidden(scope);
    return Caller{.tenant = key->tenant, .is_admin = key->may(Scope::admin)};
}

std::string Access::some_tenant() const
{
    for (const ApiKey &key : *keys())
        if (!key.tenant.empty()) return key.tenant;
    return {};
}

} // namespace analytics::http
