"""From source text to code that can run: secrets, rules, rewriting, compiling."""

import ast
import copy
import io

from builtin_names import BUILTINS
from context import CONTEXT, WAITING_NAMES
from formatting import FORMAT_NAME, RewriteFormat, bind_format
from placeholders import NO_SECRET, InsertSecrets, quote_bare_markers, secret_name
from rules import Refusal, check_code, check_tree, code_parts
from template_compiler import compile_template
from template_runtime import TEMPLATE_GLOBALS, VALUES_NAME

# Annotations are kept as text: evaluating them would need names that are refused.
_FUTURE_ANNOTATIONS = 0x1000000
_MAX_MESSAGE = 8192

# The name under which a bare `except:` finds Exception. No program can write it.
CATCHABLE_NAME = "<Exception>"


class Program:
    """Compiled once, run many times. `problem` is set instead of `code` when it is refused."""

    __slots__ = (
        "name source_lines line_breaks code names may_wait leaves_generators problem shared builtins is_template "
        "default_result readings is_value keeps secrets".split()
    )

    def __init__(self, spec):
        self.name = spec["name"]
        self.source_lines = read_lines(spec["source"])
        self.line_breaks = spec["lineBreaks"]
        self.is_template = spec["language"] == "jinja"
        self.shared, self.builtins = _choose_globals(spec)
        self.default_result = spec["defaultResult"]
        self.readings = list(spec["readings"].items())
        self.is_value = spec["resultShape"] == "value"
        self.keeps = spec["keeps"]
        self.secrets = [secret_name(index) for index in range(spec["secretCount"])]
        self.code = self.problem = None
        self.names = frozenset()
        self.may_wait = False
        self.leaves_generators = False

    def original_line(self, line):
        """Placeholders that run over line breaks were taken out: gives the line people see."""
        return None if line is None else line + sum(count for before, count in self.line_breaks if before < line)

    def make_globals(self, inputs):
        """Fresh globals and builtins; what they share with other runs cannot be changed by a program."""
        namespace = self.shared.copy()
        namespace["__builtins__"] = self.builtins.copy()
        if self.is_template:
            # Its names are looked up in its values alone: a variable may be called like a module.
            namespace[VALUES_NAME] = inputs
            return namespace
        namespace.update(inputs)
        if self.default_result is not None:
            namespace["result"] = self._make_default_result()
        return namespace

    def _make_default_result(self):
        default = self.default_result
        flat = all(isinstance(value, (str, int, float, type(None))) for value in default.values())
        return default.copy() if flat else copy.deepcopy(default)


# What the compiler puts into programs.
_INTERNALS = {FORMAT_NAME: bind_format, CATCHABLE_NAME: Exception, NO_SECRET: None}
_ALL_MODULES = {**CONTEXT, **_INTERNALS}


def _choose_globals(spec):
    """The globals that all runs of a program share, and its builtins."""
    if spec["language"] == "jinja":
        return TEMPLATE_GLOBALS, {}
    if spec["language"] == "expression":
        return _INTERNALS, BUILTINS
    modules = spec["modules"]
    return (_ALL_MODULES if modules is None else {**_INTERNALS, **{name: CONTEXT[name] for name in modules}}), BUILTINS


def build_program(spec):
    program = Program(spec)
    try:
        if program.is_template:
            program.code, program.names = compile_template(spec["source"], spec["name"], spec["pythonic"])
        else:
            tree = _parse(spec)
            program.leaves_generators = _has_guarded_generator(tree)
            program.code = _compile(spec, tree)
            program.names = frozenset(name for part in code_parts(program.code) for name in part.co_names)
            program.may_wait = not WAITING_NAMES.isdisjoint(program.names)
    except Refusal as refusal:
        column = _to_column(spec["marked"], refusal.line, refusal.byte_offset)
        program.problem = _problem(program, refusal.type_name, str(refusal), refusal.line, column)
    except SyntaxError as error:
        type_name = getattr(error, "type_name", type(error).__name__)
        program.problem = _problem(program, type_name, error.msg or "invalid syntax", error.lineno, error.offset)
    except (ValueError, OverflowError) as error:  # a null byte, say
        program.problem = _problem(program, "SyntaxError", str(error), None, None)
    except (RecursionError, MemoryError):
        program.problem = _problem(program, "SyntaxError", "the code is nested too deeply", None, None)
    return program


def read_lines(source):
    r"""The lines as the compiler counts them: `\r` alone ends one, a form feed does not."""
    return io.StringIO(source, newline=None).readlines()


def _parse(spec):
    source = "".join(read_lines(spec["marked"]))
    if spec["nonce"]:
        source = quote_bare_markers(source, spec["nonce"], spec["bareNonce"])
    if spec["language"] == "expression":
        return _parse_expression(source, spec["name"])
    return ast.parse(source, spec["name"], "exec")


def _parse_expression(source, name):
    """One expression, as statements that leave it in `result`. White space around it is free."""
    start = len(source) - len(source.lstrip())
    before = source[:start]
    blank_lines = "\n" * before.count("\n")
    expression = ast.parse(blank_lines + source[start:].rstrip(), name, "eval").body
    leave = ast.Assign([ast.Name("result", ast.Store())], expression)
    return ast.fix_missing_locations(ast.Module([ast.copy_location(leave, expression)], []))


def _compile(spec, tree):
    name = spec["name"]
    check_tree(tree)
    check_code(_to_code(tree, name), tree)
    if spec["nonce"]:
        tree = InsertSecrets(spec["nonce"], spec["bareNonce"]).visit(tree)
    code = _to_code(_NarrowExcept().visit(RewriteFormat().visit(tree)), name)
    # The compiler leaves out what cannot be reached. A marker is a constant and a secret is none: what nothing led to
    # beside the one may run beside the other. So what is checked is what runs, too.
    check_code(code, tree)
    return code


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
    text = read_lines(source)[line - 1]
    return len(text.encode()[:byte_offset].decode("utf-8", "ignore")) + 1


def _problem(program, type_name, message, line, column):
    return {"type": type_name, "message": message[:_MAX_MESSAGE], "line": program.original_line(line), "column": column or None}
