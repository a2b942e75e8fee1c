/* What the daemons' sources include again and again, compiled once for the sanitizers. The Makefile puts it before each
 * of them; that each includes what it needs shows where it is compiled without, for the daemon itself. */

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
