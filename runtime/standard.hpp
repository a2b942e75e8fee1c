/* What the daemons' sources include again and again. It is compiled once for all of them (daemon.mk), and once for the
 * unit tests' sanitizers, and stands before each source. Each source includes what it needs all the same: make lint
 * (includes.py) sees to that. */

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>
