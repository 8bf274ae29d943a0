"""From source text to code that can run: secrets, rules, rewriting, compiling."""

import ast
import copy
import io

from context import WAITING_NAMES
from formatting import RewriteFormat
from placeholders import InsertSecrets, quote_bare_markers, secret_name
from rules import Refusal, check_code, check_tree, code_parts

# Annotations are kept as text: evaluating them would need names that are refused.
_FUTURE_ANNOTATIONS = 0x1000000
_MAX_MESSAGE = 8192

# The name under which a bare `except:` finds Exception. No program can write it.
CATCHABLE_NAME = "<Exception>"


class Program:
    """Compiled once, run many times. `problem` is set instead of `code` when it is refused."""

    __slots__ = ("name", "source_lines", "line_breaks", "code", "names", "may_wait", "leaves_generators", "problem", "default_result", "readings", "secrets")

    def __init__(self, spec):
        self.name = spec["name"]
        self.source_lines = spec["source"].splitlines()
        self.line_breaks = spec["lineBreaks"]
        self.default_result = spec["defaultResult"]
        self.readings = list(spec["readings"].items())
        self.secrets = [secret_name(index) for index in range(spec["secretCount"])]
        self.code = self.problem = None
        self.names = frozenset()
        self.may_wait = False
        self.leaves_generators = False

    def original_line(self, line):
        """Placeholders that run over line breaks were taken out: gives the line people see."""
        return None if line is None else line + sum(count for before, count in self.line_breaks if before < line)


    def make_default_result(self):
        default = self.default_result
        flat = all(isinstance(value, (str, int, float, type(None))) for value in default.values())
        return default.copy() if flat else copy.deepcopy(default)


def build_program(spec):
    program = Program(spec)
    try:
        tree = _parse(spec)
        program.leaves_generators = _has_guarded_generator(tree)
        program.code = _compile(spec, tree)
        program.names = frozenset(name for part in code_parts(program.code) for name in part.co_names)
        program.may_wait = not WAITING_NAMES.isdisjoint(program.names)
    except Refusal as refusal:
        column = _to_column(spec["marked"], refusal.line, refusal.byte_offset)
        program.problem = _problem(program, refusal.type_name, str(refusal), refusal.line, column)
    except SyntaxError as error:
        program.problem = _problem(program, type(error).__name__, error.msg or "invalid syntax", error.lineno, error.offset)
    except (ValueError, OverflowError) as error:  # a null byte, say
        program.problem = _problem(program, "SyntaxError", str(error), None, None)
    except (RecursionError, MemoryError):
        program.problem = _problem(program, "SyntaxError", "the code is nested too deeply", None, None)
    return program


def _parse(spec):
    source = spec["marked"]
    if spec["nonce"]:
        source = quote_bare_markers(source, spec["nonce"], spec["bareNonce"])
    return ast.parse(source, spec["name"], "exec")


def _compile(spec, tree):
    name = spec["name"]
    check_tree(tree)
    check_code(_to_code(tree, name), tree)
    if spec["nonce"]:
        tree = InsertSecrets(spec["nonce"], spec["bareNonce"]).visit(tree)
    return _to_code(_NarrowExcept().visit(RewriteFormat().visit(tree)), name)


def _has_guarded_generator(tree):
    """Whether a function that can be left half done has something to do when it is given up."""
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            parts = {type(part) for part in ast.walk(function)}
            if ast.Try in parts and (ast.Yield in parts or isinstance(function, ast.AsyncFunctionDef)):
                return True
    return False


def _to_code(tree, name):
    return compile(tree, name, "exec", _FUTURE_ANNOTATIONS, dont_inherit=True)


class _NarrowExcept(ast.NodeTransformer):
    """A bare `except:` catches what `except Exception:` does: not the end of the run's time."""

    def visit_ExceptHandler(self, node):
        self.generic_visit(node)
        if node.type is None:
            node.type = ast.fix_missing_locations(ast.copy_location(ast.Name(CATCHABLE_NAME, ast.Load()), node))
        return node


def _to_column(source, line, byte_offset):
    """The syntax tree counts bytes from 0, people count characters from 1."""
    if line is None or byte_offset is None:
        return None
    text = io.StringIO(source).readlines()[line - 1]
    return len(text.encode()[:byte_offset].decode("utf-8", "ignore")) + 1


def _problem(program, type_name, message, line, column):
    return {"type": type_name, "message": message[:_MAX_MESSAGE], "line": program.original_line(line), "column": column or None}
