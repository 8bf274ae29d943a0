"""str.format can reach attributes by text, which no check of the source sees. So every
`.format` and `.format_map` in a program is rewritten into a call of `bind_format`, which looks at
the template first."""

import _string
import ast

from rules import is_forbidden_name

# No program can write this name: it is no identifier.
FORMAT_NAME = "<format>"


class RewriteFormat(ast.NodeTransformer):
    def visit_Attribute(self, node):
        self.generic_visit(node)
        if node.attr not in ("format", "format_map") or not isinstance(node.ctx, ast.Load):
            return node
        call = ast.Call(ast.Name(FORMAT_NAME, ast.Load()), [node.value, ast.Constant(node.attr)], [])
        return ast.fix_missing_locations(ast.copy_location(call, node))


def bind_format(owner, method):
    if isinstance(owner, str):
        check_template(owner)
        return getattr(owner, method)
    if owner is str:
        return _format_unbound if method == "format" else _format_map_unbound
    return getattr(owner, method)


def _format_unbound(template, /, *args, **kwargs):
    check_template(template)
    return str.format(template, *args, **kwargs)


def _format_map_unbound(template, mapping, /):
    check_template(template)
    return str.format_map(template, mapping)


def check_template(template):
    """Raises NameError when a field of the template names something forbidden. In one that is broken, str.format looks
    up every field before the fault, and an error about one of them would hand out what it found."""
    try:
        for _, field, spec, _ in _string.formatter_parser(template):
            _check_field(field or "")
            check_template(spec or "")
    except (ValueError, TypeError):
        return  # str.format says so itself


def _check_field(field):
    _, rest = _string.formatter_field_name_split(field)
    for is_attribute, name in rest:
        if is_attribute and is_forbidden_name(str(name)):
            raise NameError(f"Access to forbidden name {name!r}")
