/* Settings as the tests of their rules ask for them: what is wrong with an environment, a secret's file, a property. */
#pragma once

#include "../../../runtime/setting.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace analytics::runtime {

inline constexpr Daemon daemons[] = {Daemon::ingestor, Daemon::http};

/* "NAME: message" for each fault; empty when the settings are good. */
inline std::vector<std::string> faults(const Environment &environment, Daemon daemon = Daemon::ingestor,
                                       std::vector<Property> flags = {}, const PropertyFault &property_fault = {})
{
    try {
        const Settings settings(daemon, environment, flags, property_fault);
        return {};
    } catch (const SettingFaults &thrown) {
        std::vector<std::string> lines;
        for (const auto &[setting, message] : thrown.faults()) lines.push_back(setting + ": " + message);
        return lines;
    }
}

class SecretFile {
public:
    explicit SecretFile(std::string_view content)
        : path_(std::filesystem::temp_directory_path() / ("analytics-setting-test-" + std::to_string(getpid())))
    {
        std::ofstream(path_, std::ios::binary) << content;
    }
    ~SecretFile() { std::filesystem::remove(path_); }
    SecretFile(const SecretFile &) = delete;
    SecretFile &operator=(const SecretFile &) = delete;

    std::string path() const { return path_; }

private:
    std::filesystem::path path_;
};

inline std::string property(const Settings &settings, const std::string &name)
{
    std::string value = "unset";
    for (const auto &[key, text] : settings.kafka_properties())
        if (key == name) value = text;
    return value;
}

} // namespace analytics::runtime
