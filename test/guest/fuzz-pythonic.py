"""Puts random values into random Python source, as commands have it, and compares what Python makes of it: whatever
the values, the syntax tree must be the same but for what literals hold, or the value must be refused. Run by hand:

    python3.14 test/guest/fuzz-pythonic.py [ROUNDS] [SEED]

Python 3.13 will do as well."""

import ast
import pathlib
import random
import sys
import warnings

GUEST = pathlib.Path(__file__).parents[2] / "src/sandbox/python/guest"
sys.path.insert(0, str(GUEST))
if sys.version_info < (3, 14):
    ast.TemplateStr = ast.JoinedStr

from template_pythonic import PythonicOut  # noqa: E402

warnings.simplefilter("ignore")
HOLE = object()
PIECES = [*"'\"'\"'\"", '"""', "'''", *"{}{}()[]:!=#\\,. \n;+-", "\\N{", "\\\\", "{{", "}}", "f'", 'f"', 'f"""', "rf'", "r'", "b'", 'Rb"']
PIECES += ["x", " x ", "1", " in ", " or ", "if", "not ", "print(", "\\n", "é", "=x", ">5", *[HOLE] * 14]
# Sound pieces, so that more of what comes out is Python.
GROUPS = [
    ["'", HOLE, "'"], ['"', HOLE, '"'], ['"', HOLE, HOLE, '"'], ['""', HOLE], [HOLE, "''"], ['"""', HOLE, '"""'], ['"""', HOLE, '"', HOLE, '"""'],
    ["f'", HOLE, "{", HOLE, "}", HOLE, "'"], ['f"{x:', HOLE, '}"'], ['f"""{x!r:{', HOLE, '}}{{', HOLE, '}}"""'], ["rf'{", HOLE, "}", HOLE, "'"],
    ["f'{", HOLE, ":>{", HOLE, "}}", HOLE, "'"], ['f"\\N{DASH}', HOLE, '"'], ["f'\\{", HOLE, "}'"], ['"\\\\', HOLE, '"'], ["f'{'", HOLE, "'}'"],
    ["x = ", HOLE, "\n"], ["(", HOLE, ", ", HOLE, ")"], ["[", HOLE, "]"], ["{", HOLE, ": ", HOLE, "}"], ["# ", HOLE, "\n"], ["b'", HOLE, "'"], ["r'", HOLE, "'"],
    ["if ", HOLE, ":", HOLE, "\n"], ["x(", HOLE, ")"], [HOLE, " == ", HOLE], ["not", HOLE], [HOLE, "if", HOLE, "else", HOLE], ["x[", HOLE, "]"], ["'\\\n", HOLE, "'"],
    ["(\n# '\n", HOLE, ")"], ["x \\\n", HOLE, "\n"], [" in "], [" or "], [" + "], ["\n"], ["\n"], [", "], [" "], ["# '\n"], ["lambda: "], ["2 ** "],
]
VALUES = ["", "", "x", "in", "or", "'", '"', "'''", '"""', "\\", "\\'", '\\"', "{", "}", "{x}", "{{", "}}", "#", "\n", "\r", "é", "\ud800", "a'+b+'", '"+b+"']
VALUES += [" or x or ", "0", "f", "rb", "N{", "1_", None, True, 5, -5, 1.5, -0.5, 10**30, float("inf"), [], [1, "'"], {}, {"'": '"'}, (), ("x",)]


def build(pieces, values):
    out = PythonicOut()
    holes = iter(values)
    for piece in pieces:
        if piece is HOLE:
            out.value(next(holes))
        else:
            out.text(piece)
    return out.finish()


class Shape(ast.NodeTransformer):
    """A tree without what literals hold: strings and literals that values become are all one."""

    def is_value(self, node):
        if isinstance(node, (ast.List, ast.Tuple)):
            return all(map(self.is_value, node.elts))
        if isinstance(node, ast.Dict):
            return all(map(self.is_value, [*node.keys, *node.values]))
        if isinstance(node, ast.UnaryOp):
            return isinstance(node.op, ast.USub) and self.is_value(node.operand)
        if isinstance(node, ast.Call):
            return isinstance(node.func, ast.Name) and node.func.id == "float" and not node.keywords and len(node.args) == 1
        return isinstance(node, ast.Constant)

    def visit(self, node):
        if isinstance(node, ast.expr) and self.is_value(node):
            return ast.Constant("value")
        return super().visit(node)

    def visit_JoinedStr(self, node):
        # Parts of text come and go with what stands in them; fields must stay.
        node.values = [self.generic_visit(part) for part in node.values if not isinstance(part, ast.Constant)]
        return node if node.values else ast.Constant("value")


def shape(source):
    try:
        return ast.dump(Shape().visit(ast.parse(source)))
    except (SyntaxError, ValueError):
        return None


def main(rounds, seed):
    chance = random.Random(seed)
    compared = refused = 0
    for _ in range(rounds):
        if chance.random() < 0.3:
            pieces = [chance.choice(PIECES) for _ in range(chance.randint(1, 14))]
        else:
            pieces = [piece for _ in range(chance.randint(1, 5)) for piece in chance.choice(GROUPS)]
        count = pieces.count(HOLE)
        if count == 0:
            continue
        try:
            plain = build(pieces, ["v"] * count)
        except ValueError:
            plain = None
        wanted = plain and shape(plain)
        if wanted is None:
            continue
        for _ in range(8):
            values = [chance.choice(VALUES) for _ in range(count)]
            try:
                source = build(pieces, values)
            except ValueError:
                refused += 1
                continue
            found = shape(source)
            if found is None:
                continue  # does not run
            compared += 1
            if found != wanted:
                print("DIFFERENT", pieces, values, repr(plain), repr(source), wanted, found, sep="\n  ")
                return 1
    print(f"{compared} sources compared, {refused} refused")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3] or ["200000", "1"])))
