"""Random JSON texts, and random damage to bytes. Everything is decided by the generator's seed.

The texts lean towards what is hard: duplicate members, numbers at the bounds of numeric's forms, escapes, surrogates,
containers around jsonb's stride of 32, strings around the longest short varlena (126 bytes), keys of equal length.
About one text in thirty holds what jsonb can't store: a \\u0000, an unpaired surrogate, a number out of range.
"""
import random

ODD_NUMBERS = (
    "-0", "0.10", "-0.0", "0.000", "1E+2", "1e-400", "1e400", "0e309", "0e-16383", "9999", "10000", "99999999",
    "100000000", "0.0001", "0.00001", "1e-63", "1e-64", "123e-64", "1e255", "1e256", "-1e-256", "1e-257", "1e131071",
    "1e-16383", "0." + "0" * 60 + "123", "0." + "0" * 70 + "1", "1" + "0" * 70, "1e0",
    "12345678901234567890.12345678901234567890", "1E-0", "10e-1", "0.5e1", "1.0000000000000000000000",
    "9007199254740993", "18446744073709551616", "3.141592653589793238462643e+30")
# By every PostgreSQL: 0e1073741823 is refused by 15 alone, and by us.
REFUSED_NUMBERS = ("1e131072", "1e-16384", "0e-16384", "1.5e200000", "1e99999999999", "-1e-99999999999", "0e1073741824",
                   "1.0000000000e-2147483639")
PIECES = ("a", "Z", " ", "/", "é", "€", "𝄞", "\u007f", "\u0080", "\u2028", "\ufffd", "\U0010ffff", '\\"', "\\\\", "\\/",
          "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0041", "\\u00e9", "\\u20AC", "\\ud834\\udd1e", "\\uDBFF\\uDFFF",
          "\\u0001", "\\uffff", "{", "}", "[", ",", ":")
REFUSED_PIECES = ("\\u0000", "\\ud800", "\\udc00", "\\udc00\\ud800", "\\ud800\\ud800\\udc00", "\\ud834x", "\\uD834\\n")
TELLING_BYTES = b'{}[]",:\\0123456789.eE+-ntu \x00\x1f\x7f\x80\xc0\xed\xf4\xff'
SIZES = (0, 1, 1, 2, 2, 3, 3, 4, 5, 8, 31, 32, 33, 63, 64, 65, 97)
LENGTHS = (0, 1, 3, 8, 31, 125, 126, 127, 128, 255, 256)
SPACES = (" ", "\n", "\t", "\r\n", "  ")

ENVELOPE = '{"eventType":"e","source":"s","payload":'  # and an object, and a closing brace


class Texts(random.Random):
    """Texts of random values; after object() depth holds how deep it nests."""

    def __init__(self, seed):
        super().__init__(seed)
        self.depth = 0

    def space(self):
        return self.choice(SPACES) if self.random() < 0.05 else ""

    def number(self):
        kind = self.random()
        if kind < 0.4:
            return str(self.randint(-10, 100_000))
        if kind < 0.65:
            return self.choice(ODD_NUMBERS)
        if kind < 0.6525:
            return self.choice(REFUSED_NUMBERS)
        text = "-" if self.random() < 0.3 else ""
        digits = str(self.getrandbits(self.randint(1, 140)))
        text += digits
        if self.random() < 0.7:
            text += "." + "0" * self.choice((0, 0, 0, 1, 2, 3, 4, 5, 9)) + str(self.getrandbits(self.randint(1, 140)))
            text += "0" * self.choice((0, 0, 1, 2, 3, 4, 8))
        if self.random() < 0.3:
            text += self.choice("eE") + self.choice(("", "+", "-")) + str(self.randint(0, self.choice((9, 99, 400))))
        return text

    def string(self):
        kind = self.random()
        if kind < 0.3:
            return '"' + "x" * self.choice(LENGTHS) + '"'
        text = "".join(self.choices(PIECES, k=self.randint(0, 12)))
        if self.random() < 0.004:
            text += self.choice(REFUSED_PIECES) + self.choice(PIECES)
        return f'"{text}"'

    def key(self):
        kind = self.random()
        if kind < 0.45:
            return self.choice(('""', '"a"', '"b"', '"\\u0061"', '"ab"', '"ba"', '"eventId"', '"é"', '"payload"'))
        if kind < 0.9:
            return '"' + "".join(self.choices("abcdefgh", k=self.choice((1, 2, 2, 3, 3, 30)))) + '"'
        return self.string()

    def value(self, level):
        kind = self.random()
        if kind < 0.3 or level > 7:
            return self.number()
        if kind < 0.55:
            return self.string()
        if kind < 0.7:
            return self.choice(("null", "true", "false"))
        return self.object(level + 1) if kind < 0.85 else self.array(level + 1)

    def array(self, level):
        self.depth = max(self.depth, level)
        size = self.choice(SIZES) if level < 4 else self.choice((0, 1, 2))
        separator = "," + self.space()
        if size > 8:
            return "[" + separator.join([self.choice((self.number, self.string))() for _ in range(size)]) + "]"
        return "[" + self.space() + separator.join([self.value(level) for _ in range(size)]) + "]"

    def object(self, level=1):
        if level == 1:
            self.depth = 0
        self.depth = max(self.depth, level)
        if level == 1 and self.random() < 0.01:
            return self.chain(self.randint(55, 70))
        size = self.choice(SIZES) if level < 3 else self.choice((0, 1, 2))
        if size > 8:
            members = [f"{self.key()}:{self.choice((self.number, self.string))()}" for _ in range(size)]
        else:
            members = [f"{self.key()}{self.space()}:{self.space()}{self.value(level)}" for _ in range(size)]
        return "{" + self.space() + ("," + self.space()).join(members) + "}"

    def chain(self, depth):
        """One container in the other."""
        self.depth = depth
        opening = [self.choice(("[", '{"k":')) for _ in range(depth - 2)]
        closing = ["]" if bracket == "[" else "}" for bracket in reversed(opening)]
        return '{"k":' + "".join(opening) + "{}" + "".join(closing) + "}"


def damaged(rng, value, times):
    """value (bytes) after so many mutations: a byte changed, put in or taken out, a slice repeated, moved, cut off."""
    for _ in range(times):
        size = len(value)
        at = rng.randrange(size + 1)
        kind = rng.random()
        if kind < 0.3 and at < size:
            value = value[:at] + bytes((value[at] ^ (1 << rng.randrange(8)),)) + value[at + 1:]
        elif kind < 0.45:
            value = value[:at] + bytes((rng.choice(TELLING_BYTES),)) + value[at:]
        elif kind < 0.6:
            value = value[:at] + value[at + 1:]
        elif kind < 0.75:
            end = min(size, at + rng.randint(1, 40))
            value = value[:end] + value[at:end] + value[end:]
        elif kind < 0.85:
            end = min(size, at + rng.randint(1, 20))
            value = value[:at] + value[end:]
        elif kind < 0.97:
            to = rng.randrange(size + 1)
            value = value[:to] + value[at:at + 8] + value[to:]
        else:
            value = value[:at]
    return value
