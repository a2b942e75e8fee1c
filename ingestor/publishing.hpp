/* The thread that publishes dead letters, where a companion topic is set; it ends with this object. */
#pragma once

#include "../runtime/observe.hpp"
#include "../runtime/setting.hpp"

#include <memory>

namespace analytics::ingestor {

class Publishing {
public:
    /** Does nothing when ANALYTICS_KAFKA_DLQ_TOPIC is not set. Throws runtime::SettingFaults. */
    Publishing(const runtime::Settings &settings, runtime::Observer &observe);
    ~Publishing();
    Publishing(const Publishing &) = delete;
    Publishing &operator=(const Publishing &) = delete;

private:
    struct Work;
    std::unique_ptr<Work> work_;
};

} // namespace analytics::ingestor
