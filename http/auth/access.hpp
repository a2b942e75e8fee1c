/* Who calls, and whether he may: the keys in force, read again when asked to, and a bucket of tokens for each.
 *
 * Without a file everybody may everything, which is why nobody but this machine is then listened to (exposure.hpp).
 * A file that is read again and found bad changes nothing: the keys that were good go on, and the log says so. A
 * bucket belongs to the key's id, so reading the file again does not fill it. */
#pragma once

#include "../server/message.hpp"
#include "keys.hpp"

#include "../../runtime/observe.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>

namespace analytics::http {

/** As what a request is run. */
struct Caller {
    std::string tenant = {}; // empty: of all tenants
};

class Access {
public:
    using Clock = std::chrono::steady_clock;

    /** path: of the file of keys; empty: there are none. Throws KeyFault. */
    explicit Access(std::string path);

    /** Reads the file again; what is wrong with it is observed. */
    void reload(runtime::Observer &observe);

    /** The caller, or the refusal: 401 who did not say whom he is, 403 who may not do this, 429 who calls too often. */
    [[nodiscard]] std::variant<Caller, Response> authorize(const Request &request, Scope scope,
                                                           Clock::time_point now = Clock::now());

    /** One of the tenants that a key is bound to; empty: none is. */
    [[nodiscard]] std::string some_tenant() const;
    [[nodiscard]] std::size_t size() const { return keys()->size(); }

private:
    using Keys = std::shared_ptr<const std::vector<ApiKey>>;

    struct Bucket {
        double tokens;
        Clock::time_point since;
    };

    [[nodiscard]] Keys keys() const;
    /** Seconds to wait; 0: a token was taken. */
    int wait_of(const ApiKey &key, Clock::time_point now);

    std::string path_;
    mutable std::mutex mutex_;
    Keys keys_;
    std::map<std::string, Bucket> buckets_;
};

} // namespace analytics::http
