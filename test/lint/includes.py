"""includes.py FILE ...: a file includes what it names of the standard library, itself or through our own headers.

The daemons are compiled with runtime/standard.hpp before each source, so the compiler does not miss an include that is
missing. A name that the table does not know is a fault, too: add it there.
"""
import functools
import pathlib
import re
import sys

NAMES = {
    "algorithm": "adjacent_find all_of any_of clamp copy count count_if equal find find_if for_each max min none_of "
                 "replace replace_if rotate sort transform",
    "array": "array",
    "atomic": "atomic memory_order_relaxed",
    "cctype": "isalnum isdigit isupper",
    "charconv": "from_chars to_chars",
    "chrono": "chrono",
    "cmath": "ceil isfinite",
    "concepts": "floating_point integral same_as",
    "condition_variable": "condition_variable condition_variable_any",
    "csignal": "signal",
    "cstddef": "ptrdiff_t size_t",
    "cstdint": "int32_t int64_t uint32_t uint64_t uint8_t",
    "cstdio": "fclose fopen fscanf",
    "cstring": "memcpy",
    "ctime": "time",
    "deque": "deque erase_if",
    "exception": "current_exception exception exception_ptr rethrow_exception",
    "filesystem": "filesystem",
    "fstream": "ifstream ios",
    "functional": "function less",
    "future": "async future future_status launch",
    "initializer_list": "initializer_list",
    "iterator": "back_inserter distance istreambuf_iterator make_move_iterator",
    "limits": "numeric_limits",
    "map": "erase_if map multimap",
    "memory": "make_shared make_unique shared_ptr unique_ptr",
    "mutex": "lock_guard mutex scoped_lock timed_mutex unique_lock",
    "new": "bad_alloc",
    "optional": "nullopt optional",
    "random": "minstd_rand random_device uniform_int_distribution",
    "ratio": "milli",
    "set": "erase_if set",
    "span": "span",
    "stdexcept": "invalid_argument logic_error runtime_error",
    "stop_token": "stop_callback stop_source stop_token",
    "string": "string to_string",
    "string_view": "string_view",
    "system_error": "errc error_code generic_category system_error",
    "thread": "jthread this_thread thread",
    "tuple": "apply tie tuple",
    "type_traits": "invoke_result_t is_same_v",
    "unordered_map": "unordered_map",
    "utility": "exchange move pair swap",
    "variant": "get get_if holds_alternative monostate variant variant_alternative_t visit",
    "vector": "erase_if vector",
}
HEADERS_OF = {name: {header for header in NAMES if name in NAMES[header].split()}
              for names in NAMES.values() for name in names.split()}
# As the standard has it, or for good in every library: who includes the first has the second.
WITH = {"algorithm": {"utility"}, "array": {"cstddef"}, "charconv": {"system_error"}, "chrono": {"ratio"},
        "condition_variable": {"mutex", "stop_token"}, "filesystem": {"string", "system_error"}, "fmt/chrono.h":
        {"fmt/format.h"}, "fstream": {"ios"}, "functional": {"utility"}, "map": {"initializer_list", "utility"},
        "memory": {"utility"}, "mutex": {"chrono"}, "optional": {"utility"}, "span": {"array", "cstddef"},
        "stdexcept": {"exception", "string"}, "string": {"cstddef", "initializer_list", "string_view"},
        "string_view": {"cstddef"}, "system_error": {"exception", "stdexcept", "string"}, "thread": {"stop_token"},
        "tuple": {"utility"}, "variant": {"utility"}, "vector": {"initializer_list"}}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")', re.MULTILINE)
NAME = re.compile(r"\b(std|fmt)::(?:ranges::)?([a-z_0-9]+)")
NOT_CODE = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", re.DOTALL)


@functools.cache
def included(path):
    """The system's headers that a file includes, itself or through ours."""
    found = set()
    for system, own in INCLUDE.findall(path.read_text()):
        found |= included((path.parent / own).resolve()) if own else {system, *WITH.get(system, ())}
    return found


def faults(path):
    text = path.read_text()
    there = included(path.resolve())
    for space, name in sorted(set(NAME.findall(NOT_CODE.sub("", text)))):
        headers = HEADERS_OF.get(name, set()) if space == "std" else {"fmt/format.h"}
        if not headers:
            yield f"{path}: which header has std::{name}? includes.py does not know"
        elif not headers & there:
            yield f"{path}: {space}::{name} without <{'> or <'.join(sorted(headers))}>"


if __name__ == "__main__":
    found = [fault for name in sys.argv[1:] for fault in faults(pathlib.Path(name))]
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(bool(found))
