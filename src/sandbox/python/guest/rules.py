"""What source text may contain. Everything is checked before anything runs, also in code that
is never called. The rules are those that users of the original know; two are added because this
interpreter is shared: no attribute is reached through str.format, and template strings are refused.

The rules keep programs apart from each other and give familiar refusals. They are not the wall:
the wall is the process."""

import ast
import dis

FORBIDDEN_NAMES = frozenset(
    "f_builtins f_code f_globals f_locals f_generator f_back f_trace func_code func_globals "
    "co_code _co_code_adaptive mro tb_frame tb_next gi_code gi_frame gi_yieldfrom "
    "cr_await cr_code cr_frame cr_origin ag_await ag_code ag_frame".split()
)


class Refusal(Exception):
    """The source breaks a rule. `type_name` is the class users of the original would see."""

    def __init__(self, type_name, message, node=None):
        super().__init__(message)
        self.type_name = type_name
        self.line = getattr(node, "lineno", None)
        self.byte_offset = getattr(node, "col_offset", None)


def is_forbidden_name(name):
    return "__" in name or name in FORBIDDEN_NAMES


_STATEMENTS = {
    ast.Import: "import",
    ast.ImportFrom: "import",
    ast.ClassDef: "class",
    ast.With: "with",
    ast.AsyncWith: "async with",
    ast.Assert: "assert",
    ast.Await: "await",
    ast.AsyncFor: "async for",
    ast.YieldFrom: "yield from",
    ast.TryStar: "except*",
    ast.Nonlocal: "nonlocal",
    ast.TemplateStr: "a template string",
    ast.MatchClass: "a class pattern",
}


def check_tree(tree):
    """Raises Refusal for the first statement or expression that is not allowed."""
    for node in ast.walk(tree):
        wording = _STATEMENTS.get(type(node))
        if wording is not None:
            raise Refusal("ValueError", f"forbidden: {wording} is not allowed here", node)
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            action = "delete" if isinstance(node.ctx, ast.Del) else "assign to"
            raise Refusal("ValueError", f"forbidden: cannot {action} attribute {node.attr!r}", node)
        if isinstance(node, ast.comprehension) and node.is_async:
            raise Refusal("ValueError", "forbidden: async for is not allowed here", node.target)
    _check_walrus(tree)


def _check_walrus(tree):
    """A walrus in a comprehension of the module's level stores a global."""
    stack = [(node, False) for node in tree.body]
    while stack:
        node, inside = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.NamedExpr) and inside:
            raise Refusal("ValueError", "forbidden: := inside a comprehension is not allowed here", node)
        inside = inside or isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp))
        stack.extend((child, inside) for child in ast.iter_child_nodes(node))


def check_code(code, tree):
    """Refuses names and stores as the compiler sees them, so after NFKC: global, builtin and
    attribute names count, names local to a function and keyword arguments are free."""
    may_store = any(isinstance(node, ast.Global) for node in ast.walk(tree))
    for part in code_parts(code):
        for name in part.co_names:
            if is_forbidden_name(name):
                raise Refusal("NameError", f"Access to forbidden name {name!r}", _find_name(tree, name))
        if may_store:
            _check_stores(part)


def code_parts(code):
    """The code and all that is nested in it, each before what it contains."""
    yield code
    for constant in code.co_consts:
        if hasattr(constant, "co_names"):
            yield from code_parts(constant)


def _check_stores(code):
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            positions = instruction.positions
            node = ast.Pass(lineno=positions.lineno, col_offset=positions.col_offset)
            raise Refusal("ValueError", f"forbidden: cannot assign to global {instruction.argval!r}", node)


def _find_name(tree, name):
    for node in ast.walk(tree):
        if (isinstance(node, ast.Name) and node.id == name) or (isinstance(node, ast.Attribute) and node.attr == name):
            return node
    # `__doc__` and `__annotations__` are written by the compiler: they stand for a statement.
    first = tree.body[0] if tree.body else None
    return next((node for node in tree.body if isinstance(node, ast.AnnAssign)), first)
