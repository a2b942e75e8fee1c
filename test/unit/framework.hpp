/* What nearly every test includes, compiled once: Google's framework, whose text takes longer to read than a test, and
 * the largest of the standard library. The Makefile puts it before every test; a test names what it uses all the
 * same. */

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <variant>
#include <vector>
