"""Writes what the real Jinja prints to fixtures/jinja.json: for the templates in fixtures/jinja-cases.txt, where `\\n` and
`\\r` stand for line breaks, and for some that are put together at random, but always the same.

    python3 test/guest/record-jinja.py    (Debian: python3-jinja2)"""

import json
import pathlib
import random

import jinja2

FIXTURES = pathlib.Path(__file__).with_name("fixtures")

VALUES = {
    "text": "hello",
    "number": 5,
    "half": 0.5,
    "yes": True,
    "no": False,
    "nothing": None,
    "empty": "",
    "words": ["pear", "fig", "apple"],
    "table": {"b": 1, "a": [1, None], "c": {"d": "e"}},
    "tower": {"server": {"name": "web 1", "port": 22, "tags": ["x", "y"]}, "tools": {"today": "2026-11-25"}},
    "nested": [{"name": "a", "kids": [{"name": "b", "kids": []}, {"name": "c"}]}, {"name": "d"}],
    "people": [
        {"name": "Ann", "age": 41, "city": "Rome", "active": True, "pet": {"name": "Rex"}},
        {"name": "Bob", "age": 29, "city": "Oslo", "active": False},
        {"name": "Cyd", "age": 35, "city": "Rome", "active": True},
    ],
}


class Random(random.Random):
    """Templates whose parts are sound, in any order."""

    def pick(self, *makers):
        return self.choice(makers)()

    def number(self, depth):
        if depth == 0:
            return self.choice(["number", "half", "1", "2", "-3", "words|length", "text|count", "tower.server.port", "x|int", "(y|default(4, true))|int"])
        part = lambda: self.number(depth - 1)  # noqa: E731
        return self.pick(
            lambda: f"{part()} {self.choice('+-*')} {part()}",
            lambda: f"{part()} // 2",
            lambda: f"({part()} - {part()})|abs",
            lambda: f"-{part()}",
            lambda: f"({part()} if {self.truth(depth - 1)} else {part()})",
            lambda: f"({part()})|round(1)",
            lambda: f"[{part()}, {part()}]|{self.choice(['max', 'min', 'sum', 'first', 'last'])}",
        )

    def string(self, depth):
        if depth == 0:
            return self.choice(["text", "'a'", "'B c'", "words[0]", "words[-1]", "tower.server.name", "empty", "x", "y", "missing", "text[1:3]"])
        part = lambda: self.string(depth - 1)  # noqa: E731
        return self.pick(
            lambda: f"{part()} ~ {self.expression(depth - 1)}",
            lambda: f"({part()})|{self.choice(['upper', 'title', 'trim', 'capitalize', 'string', 'reverse|string', 'indent(2)', 'tojson', 'urlencode'])}",
            lambda: f"{self.items(depth - 1)}|join({part()})",
            lambda: f"({part()} if {self.truth(depth - 1)} else {part()})",
            lambda: f"{part()}|replace('a', {part()})",
            lambda: f"{part()}|default({part()}, true)",
        )

    def truth(self, depth):
        if depth == 0:
            return self.choice(["yes", "no", "nothing", "missing", "words", "empty", "x is defined", "y is string", "number is odd", "x"])
        return self.pick(
            lambda: f"{self.number(depth - 1)} {self.choice(['==', '!=', '<', '>='])} {self.number(depth - 1)}",
            lambda: f"{self.string(depth - 1)}|string {self.choice(['in', 'not in'])} text",
            lambda: f"{self.number(depth - 1)} {self.choice(['in', 'not in'])} {self.items(depth - 1)}",
            lambda: f"({self.truth(depth - 1)} {self.choice(['and', 'or'])} {self.truth(depth - 1)})",
            lambda: f"not {self.truth(depth - 1)}",
            lambda: f"{self.expression(depth - 1)} is {self.choice(['not none', 'string', 'iterable', 'number', 'mapping', 'true', 'defined'])}",
        )

    def items(self, depth):
        if depth == 0:
            return self.choice(["words", "[1, 2]", "[]", "range(3)|list", "table|list", "text|list", "tower.server.tags", "words[1:]"])
        return self.pick(
            lambda: f"[{self.expression(depth - 1)}, {self.expression(depth - 1)}]",
            lambda: f"({self.items(depth - 1)} + {self.items(depth - 1)})",
            lambda: f"{self.items(depth - 1)}|{self.choice(['reverse|list', 'unique|list', 'map(' + repr('string') + ')|list', 'select|list', 'batch(2)|list'])}",
        )

    def expression(self, depth=2):
        return self.pick(*(lambda make=make: make(depth) for make in (self.number, self.string, self.truth, self.items)))

    def template(self, depth=2, most=4):
        return "".join(self.statement(depth) for _ in range(self.randint(1, most)))

    def open(self):
        return self.choice(["{%", "{%", "{%-", "{%+"])

    def close(self):
        return self.choice(["%}", "%}", "-%}", "+%}", "%}\n"])

    def tag(self, text):
        return f"{self.open()} {text} {self.close()}"

    def statement(self, depth):
        choice = self.randrange(12) if depth else self.randrange(5)
        body = lambda: self.template(depth - 1, 2)  # noqa: E731
        match choice:
            case 0 | 1:
                return self.choice(["a", " b ", "\n", " \n ", "c\n\n", "{# x #}", "{#- x -#}"])
            case 2 | 3:
                return f"{self.choice(['{{', '{{-'])} {self.expression()} {self.choice(['}}', '-}}'])}"
            case 4:
                return self.tag(f"set {self.choice('xy')} = {self.expression()}")
            case 5 | 6:
                other = self.tag("else") + body() if self.random() < 0.5 else ""
                return self.tag(f"if {self.truth(2)}") + body() + other + self.tag("endif")
            case 7 | 8:
                other = self.tag("else") + body() if self.random() < 0.3 else ""
                only = f" if {self.truth(1)}" if self.random() < 0.2 else ""
                values = self.items(1)
                return self.tag(f"for {self.choice('xy')} in {values}{only}") + "{{ loop.index }}" + body() + other + self.tag("endfor")
            case 9:
                return self.tag(f"with {self.choice('xy')} = {self.expression(1)}") + body() + self.tag("endwith")
            case 10:
                return self.tag(f"set {self.choice('xy')}") + body() + self.tag("endset")
            case _:
                return self.tag("macro m(x, y=1)") + body() + self.tag("endmacro") + "{{ m(" + self.expression(1) + ") }}"


def read_cases():
    """Heading to templates."""
    cases = {}
    for line in (FIXTURES / "jinja-cases.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            templates = cases.setdefault(line[2:], [])
        elif line:
            templates.append(line.replace("\\n", "\n").replace("\\r", "\r") if "'" not in line else line)
    return cases


def main():
    environment = jinja2.Environment(trim_blocks=True)

    def record(template):
        """What is printed; null where that fails."""
        try:
            return [template, environment.from_string(template).render(json.loads(json.dumps(VALUES)))]
        except Exception:
            return [template, None]

    cases = {heading: [record(template) for template in templates] for heading, templates in read_cases().items()}
    source = Random(4711)
    # Those that fail say little.
    cases["at random"] = [case for case in (record(source.template()) for _ in range(600)) if case[1] is not None]
    recorded = {"jinja": jinja2.__version__, "values": VALUES, "cases": cases}
    with (FIXTURES / "jinja.json").open("w", encoding="utf-8") as file:
        json.dump(recorded, file, indent=1, ensure_ascii=False)
        file.write("\n")


main()
