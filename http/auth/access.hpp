/* Access control: the keys in force, and a token bucket for each.
 *
 * Without a file of keys everybody may do everything, so the service then listens on loopback alone (exposure.hpp). If
 * a file that is read again is bad, the old keys stay in force, and the log says so. A bucket belongs to the key's id,
 * so reading the file again does not fill it. */
#pragma once

#include "../server/message.hpp"
#include "keys.hpp"

#include "../../runtime/observe.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>

namespace analytics::http {

/** What a request may see. */
struct Caller {
    std::string tenant = {}; // empty: of all tenants
    bool is_admin = true;    // has the scope admin
};

class Access {
public:
    using Clock = std::chrono::steady_clock;

    /** path: the file of keys; empty: none. Throws KeyFault. */
    explicit Access(std::string path);

    /** Reads the file again, and reports success or failure. */
    void reload(runtime::Observer &observe);

    /** The caller, or the refusal: 401 without a known key, 403 without the scope, 429 beyond the key's rate. */
    [[nodiscard]] std::variant<Caller, Response> authorize(const Request &request, Scope scope,
                                                           Clock::time_point now = Clock::now());

    /** A tenant that some key is bound to; empty: there is none. */
    [[nodiscard]] std::string some_tenant() const;
    [[nodiscard]] std::size_t size() const { return keys()->size(); }
    /** Another number whenever other keys came into force. */
    [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

private:
    using Keys = std::shared_ptr<const std::vector<ApiKey>>;

    struct Bucket {
        double tokens = 0;
        Clock::time_point since;
    };

    [[nodiscard]] Keys keys() const;
    /** Seconds to wait; 0: a token was taken. */
    int wait_of(const ApiKey &key, Clock::time_point now);

    std::string path_;
    mutable std::mutex mutex_;
    Keys keys_;
    std::atomic<std::uint64_t> generation_{0};
    std::map<std::string, Bucket> buckets_;
};

} // namespace analytics::http
