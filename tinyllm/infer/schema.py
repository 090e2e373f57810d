"""JSON schemas as automata: what is written is a JSON text that fits.

Understood, of draft 2020-12: `type` (one or several), `enum`, `const`, `anyOf`; of objects `properties` and
`required`; of arrays `items`, `minItems`, `maxItems`; of strings `minLength`, `maxLength` and a `pattern` that begins
with ^ and ends with $, read as Python's `re` does, to which every decimal digit is one; `$ref` to `#/$defs/…` that
leads to no circle; and what only describes. All else is refused by name, rather than not heeded.

Of the texts that fit, those are written that `json.dumps` writes: one space behind a comma and a colon, the properties
in the order of the schema and no others, characters as they are. Numbers have at most 18 digits, and no exponent.
"""

import json

from tinyllm.errors import UsageError, shown
from tinyllm.infer.regex import Chars, Choice, Regex, Repeat, Row, joined, others, parse

DESCRIBES = {"title", "description", "default", "examples", "$schema", "$id", "$comment", "$defs", "deprecated"}
OF_TYPE = {
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items", "minItems", "maxItems"},
    "string": {"minLength", "maxLength", "pattern"},
    "integer": set(), "number": set(), "boolean": set(), "null": set(),
}  # fmt: skip
INSTEAD = {"enum", "const", "anyOf", "$ref"}  # which stand for a type
MOST = 1000  # items or characters, where a schema sets no limit of more
INTEGER = parse(r"-?(0|[1-9]\d{0,17})".replace(r"\d", "[0-9]"))
NUMBER = Row((INTEGER, Repeat(parse(r"\.[0-9]{1,17}"), 0, 1)))
ESCAPED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\f": "\\f", "\b": "\\b"}
BARE = others(((0, 0x1F), (ord('"'),) * 2, (ord("\\"),) * 2))  # characters that stand in a string as they are


def text(string):
    """The part that is one text."""
    return Row(tuple(Chars(((ord(c), ord(c)),)) for c in string))


def in_string(part):
    """A part of a regex -> the same texts as they are spelled in a JSON string."""
    if isinstance(part, Chars):
        escaped = [text(json.dumps(chr(code))[1:-1]) for low, high in part.ranges for code in range(low, high + 1)
                   if code < 0x20 or chr(code) in '"\\'] if touches_escaped(part) else []  # fmt: skip
        bare = Chars(common(part.ranges, BARE))
        return Choice((*([bare] if bare.ranges else []), *escaped)) if escaped else bare
    if isinstance(part, Repeat):
        return part._replace(part=in_string(part.part))
    return type(part)(tuple(map(in_string, part.parts)))


def touches_escaped(part):
    return common(part.ranges, BARE) != joined(part.ranges)


def common(some, more):
    """The characters that are in both of two lists of ranges."""
    return others((*others(some), *others(more))) if some else ()


CHARACTER = Choice((Chars(BARE), *(text(spelled) for spelled in ESCAPED.values())))


class Schema:
    """One schema, whose parts are read with `part`."""

    def __init__(self, whole):
        self.whole = whole

    def refuse(self, where, what):
        raise UsageError(f"schema at {where or '#'}: {what}")

    def part(self, schema, where="#", within=()):
        """What fits a schema that stands at `where` -> a part. `within` are the references that led there."""
        if not isinstance(schema, dict):
            self.refuse(where, f"{shown(schema)} says nothing of what to write; give a type")
        instead = sorted(INSTEAD & schema.keys())
        types = schema.get("type", [])
        types = types if isinstance(types, list) else [types]
        if wrong := [one for one in types if not isinstance(one, str) or one not in OF_TYPE]:
            self.refuse(where, f"there is no type {shown(wrong[0])}; there are {', '.join(OF_TYPE)}")
        known = DESCRIBES.union({"type"}, INSTEAD if instead else (), *(() if instead else map(OF_TYPE.get, types)))
        if unknown := sorted(schema.keys() - known):
            self.refuse(where, f"{unknown[0]} is not understood here; leave it out, or give the type that it is of")
        beside = instead[1:] + ["type"] * bool(types and instead and instead[0] in ("anyOf", "$ref"))
        if beside:
            self.refuse(where, f"{instead[0]} beside {beside[0]}; leave one out")
        if not instead and not types:
            self.refuse(where, "it has no type; give one")
        if instead:
            return self.instead(instead[0], schema, where, within, types)
        parts = [getattr(self, f"of_{one}")(schema, where, within) for one in types]
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def instead(self, name, schema, where, within, types):
        value = schema[name]
        if name == "$ref":
            return self.referred(value, where, within)
        if name != "const" and (not isinstance(value, list) or not value):
            self.refuse(where, f"{name} needs a list with something in it")
        if name == "anyOf":
            return Choice(tuple(self.part(one, f"{where}/anyOf/{n}", within) for n, one in enumerate(value)))
        values = [value] if name == "const" else value
        fitting = [one for one in values if not types or any(is_of(one, kind) for kind in types)]
        if not fitting:
            self.refuse(where, f"no value of {name} is of type {', '.join(types)}")
        try:
            return Choice(tuple(text(json.dumps(one, ensure_ascii=False, allow_nan=False)) for one in fitting))
        except ValueError:
            self.refuse(where, f"a value of {name} is NaN or infinite, which JSON has not")

    def referred(self, name, where, within):
        place, *rest = name.removeprefix("#/$defs/").split("/") if isinstance(name, str) else [None]
        known = self.whole.get("$defs", {})
        if not isinstance(name, str) or not name.startswith("#/$defs/") or rest or place not in known:
            self.refuse(where, f"$ref {shown(name)} leads nowhere; it may lead to #/$defs/ and a name that is there")
        if name in within:
            self.refuse(where, f"$ref {shown(name)} leads back to itself; write out as many levels as there may be")
        return self.part(known[place], name, (*within, name))

    def count(self, schema, name, where, otherwise):
        value = schema.get(name, otherwise)
        if value is not None and (type(value) is not int or not 0 <= value <= MOST):
            self.refuse(where, f"{name}={shown(value)} is no whole number from 0 to {MOST}")
        return value

    def limits(self, schema, kind, where):
        least, most = (self.count(schema, f"{side}{kind}", where, other) for side, other in (("min", 0), ("max", None)))
        if most is not None and least > most:
            self.refuse(where, f"min{kind}={least} is more than max{kind}={most}")
        return least, most

    def of_object(self, schema, where, within):
        properties, required = schema.get("properties", {}), schema.get("required", [])
        if not isinstance(properties, dict) or not isinstance(required, list):
            self.refuse(where, "properties are an object, and required is a list of their names")
        if missing := [name for name in required if name not in properties]:
            self.refuse(where, f"{shown(missing[0])} is required, and not among the properties")
        parts = {
            name: Row((text(f"{json.dumps(name, ensure_ascii=False)}: "),
                       self.part(one, f"{where}/properties/{name}", within)))
            for name, one in properties.items()
        }  # fmt: skip
        names, comma = list(parts), text(", ")
        first = next((place for place, name in enumerate(names) if name in required), None)

        def behind(place):
            """What may stand behind a property: each of the later ones, or those that must."""
            later = (Row((comma, parts[name])) for name in names[place + 1 :])
            return [one if name in required else Repeat(one, 0, 1)
                    for name, one in zip(names[place + 1 :], later, strict=True)]  # fmt: skip

        if first is not None:
            before = [Repeat(Row((parts[name], comma)), 0, 1) for name in names[:first]]
            inside = Row((*before, parts[names[first]], *behind(first)))
        else:
            inside = Choice((*(Row((parts[name], *behind(place))) for place, name in enumerate(names)), Row(())))
        return Row((text("{"), inside, text("}")))

    def of_array(self, schema, where, within):
        least, most = self.limits(schema, "Items", where)
        if most == 0:
            return text("[]")
        if "items" not in schema:
            self.refuse(where, "an array needs items, the schema of each")
        item = self.part(schema["items"], f"{where}/items", within)
        more = Repeat(Row((text(", "), item)), max(0, least - 1), None if most is None else most - 1)
        inside = Row((item, more))
        return Row((text("["), Repeat(inside, min(1, least), 1), text("]")))

    def of_string(self, schema, where, within):
        least, most = self.limits(schema, "Length", where)
        pattern = schema.get("pattern")
        if pattern is None:
            inside = Repeat(CHARACTER, least, most)
        else:
            if "minLength" in schema or "maxLength" in schema:
                self.refuse(where, "pattern beside a length; say the length in the pattern")
            if not isinstance(pattern, str) or not (pattern.startswith("^") and pattern.endswith("$")):
                self.refuse(
                    where, f"pattern {shown(pattern)} may match a part of a text; begin it with ^ and end it with $"
                )
            inside = in_string(parse(pattern))
        return Row((text('"'), inside, text('"')))

    def of_integer(self, schema, where, within):
        return INTEGER

    def of_number(self, schema, where, within):
        return NUMBER

    def of_boolean(self, schema, where, within):
        return Choice((text("true"), text("false")))

    def of_null(self, schema, where, within):
        return text("null")


def is_of(value, kind):
    """Whether a value of JSON is of a type of schemas."""
    if kind in ("integer", "number"):
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return not isinstance(value, bool) and (whole or (kind == "number" and isinstance(value, float)))
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
    return isinstance(value, kinds[kind])


class JSONSchema(Regex):
    """The automaton of a schema, what a JSON text of one says. Raises UsageError for what is not understood."""

    def __init__(self, schema):
        self.walk(Schema(schema).part(schema))
