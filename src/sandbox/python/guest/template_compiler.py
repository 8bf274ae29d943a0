"""From a template to Python code that leaves `result = {"text": …}`.

Every scope is a Python variable `<scope N>`, every place that text goes to an `<out N>`: loops, macros and blocks
open new ones. What a macro, a call, a filter block or a recursive loop gives is a value: where values become
literals, it becomes one too, so nothing that was put together from values is ever taken for code.

Left out: `extends`, `include`, `import`, `block`, which are about other templates, and `autoescape`, which is about HTML.
(`do`, `break`, `continue` and `trans` are extensions of Jinja that the original does not have.)"""

import ast

from template_lexer import Positions, normalize_breaks, read_tokens
from template_runtime import VALUES_NAME
from template_scopes import ScopeParser

_OTHER_TEMPLATES = ("extends", "include", "import", "from", "block")


def compile_template(source, name, pythonic):
    """The code and the names that it looks up. Raises SyntaxError."""
    text = normalize_breaks(source)
    positions = Positions(text, name)
    tree, names = _TemplateParser(read_tokens(text, positions), positions, pythonic).parse()
    return compile(ast.fix_missing_locations(tree), name, "exec", dont_inherit=True), frozenset(names)


class _TemplateParser(ScopeParser):
    def __init__(self, tokens, positions, pythonic):
        super().__init__(tokens, positions)
        self._pythonic = pythonic

    def parse(self):
        token = self.token
        self.scope, self.out = "<scope 0>", "<out 0>"
        values = self.load(VALUES_NAME, token)
        statements = [
            self.assign(self.scope, self.call("<open scope>", [values, self.constant(None, token)], token), token),
            self.open_out(self.out, token, self._pythonic),
            *self._parse_body(()),
        ]
        if self.token.kind != "end":
            raise self.error(f"unexpected {self.token.text!r}")
        result = ast.Dict([self.constant("text", token)], [self.close_out(self.out, token)])
        statements.append(self.assign("result", self.place(result, token), token))
        return ast.Module(statements, []), self.names

    # Text and statements

    def _parse_body(self, ends):
        """Everything up to a tag of one of these names, which is left for the caller: the name is the next token."""
        statements = []
        while True:
            token = self.token
            if token.kind == "data":
                self.advance()
                text = self.constant(token.text, token)
                statements.append(self.run(self.method(self.out, "text", [text], token), token))
            elif token.kind == "print":
                self.advance()
                statements.append(self.print_value(self.parse_tuple(), token))
                self.expect("endprint")
            elif token.kind == "block":
                self.advance()
                if not self.sees("name"):
                    raise self.error(f"expected the name of a tag, got {self.token.text or 'nothing'!r}")
                if self.token.text in ends:
                    return statements
                statements.extend(self._parse_tag())
            else:
                if ends:
                    raise self.error(f"{{% {ends[-1]} %}} is missing")
                return statements

    def _parse_tag(self):
        token = self.advance()
        match token.text:
            case "if":
                return [self._parse_if(token)]
            case "for":
                return self._parse_for(token)
            case "set":
                return self._parseset_name(token)
            case "with":
                return self._parse_with(token)
            case "macro":
                return self._parse_macro(token)
            case "call":
                return self._parse_call_block(token)
            case "filter":
                return self._parse_filter_block(token)
            case name if name in _OTHER_TEMPLATES:
                raise self.error(f"{name} is not available: there are no other templates", token)
            case name:
                raise self.error(f"unknown tag {name!r}", token)

    def _end_tag(self, *names):
        """The rest of a tag, which ends a body."""
        self.expect("name", *names)
        self.expect("endblock")

    def _parse_if(self, token):
        condition = self.parse_tuple(with_condition=False)
        self.expect("endblock")
        body = self._parse_body(("elif", "else", "endif")) or [self.place(ast.Pass(), token)]
        otherwise = []
        following = self.token
        if self.accept("name", "elif"):
            otherwise = [self._parse_if(following)]
        else:
            if self.accept("name", "else"):
                self.expect("endblock")
                otherwise = self._parse_body(("endif",))
            self._end_tag("endif")
        return self.place(ast.If(condition, body, otherwise), token)

    def _parse_for(self, token):
        targets = self.parse_targets(("in",))
        self.expect("name", "in")
        values = self.parse_tuple(with_condition=False)
        number = self.next_number()
        outer = self.scope
        inner, item, loop = f"<scope {number}>", f"<item {number}>", f"<loop {number}>"
        open_scope = self.open_scope(inner, outer, token)
        self.scope = inner
        assign = self.assign_targets(targets, self.load(item, token), token)
        keep = []
        arguments = [self.constant(None, token)]
        if self.accept("name", "if"):
            condition = self.place(ast.Return(self.parse_expression()), token)
            keep = [self.define(f"<keep {number}>", [item], [open_scope, *assign, condition], token)]
            arguments = [self.load(f"<keep {number}>", token)]
        recursive = self.accept("name", "recursive")
        self.expect("endblock")
        out = self.out
        if recursive:
            self.out = f"<out {number}>"
        set_loop = self.set_name("loop", self.load(loop, token), token)
        body = self._parse_body(("else", "endfor"))
        self.scope = outer
        otherwise = []
        if self.accept("name", "else"):
            self.expect("endblock")
            otherwise = self._parse_body(("endfor",))
        self._end_tag("endfor")
        recurse = f"<recurse {number}>"
        source, depth = values, self.constant(0, token)
        if recursive:
            source, depth = self.load("<values>", token), self.load("<depth>", token)
        arguments += [depth, self.load(recurse, token) if recursive else self.constant(None, token)]
        statements = [
            self.assign(loop, self.call("<loop>", [source, *arguments], token), token),
            self.make_for(item, self.method(loop, "run", [], token), [open_scope, *assign, set_loop, *body], token),
        ]
        if otherwise:
            length = self.place(ast.Attribute(self.load(loop, token), "length", ast.Load()), token)
            is_empty = self.place(ast.UnaryOp(ast.Not(), length), token)
            statements.append(self.place(ast.If(is_empty, otherwise, []), token))
        if not recursive:
            return [*keep, *statements]
        finish = self.place(ast.Return(self.close_out(self.out, token)), token)
        body = [*keep, self.open_out(self.out, token), *statements, finish]
        function = self.define(recurse, ["<values>", "<depth>"], body, token)
        self.out = out
        return [function, self.print_value(self.call(recurse, [values, self.constant(0, token)], token), token)]

    def _parseset_name(self, token):
        start = self.token
        targets = self.parse_targets(("=",))
        if isinstance(targets, str) and self.accept("operator", "."):
            attribute = self.constant(self.expect("name").text, start)
            self.expect("operator", "=")
            value = self.parse_tuple()
            self.expect("endblock")
            return [self.run(self.call("<set attribute>", [self.find(start), attribute, value], token), token)]
        if self.accept("operator", "="):
            value = self.parse_tuple()
            self.expect("endblock")
            return self.assign_targets(targets, value, token)
        if not isinstance(targets, str):
            raise self.error("expected '='")
        chain = self._parse_filter_chain()
        self.expect("endblock")
        capture, value = self._parse_capture("endset", chain, token)
        return [*capture, self.set_name(targets, value, token)]

    def _parse_filter_chain(self):
        """`| upper | trim`: calls whose first argument is still to be put in."""
        filters = []
        while self.accept("operator", "|"):
            filters.append(self.parse_filter(self.constant(None, self.token)))
        return filters

    def _parse_capture(self, end, filters, token):
        """Statements that catch what a body prints, and the value of it after the filters."""
        number = self.next_number()
        outer, out = self.scope, self.out
        self.scope, self.out = f"<scope {number}>", f"<out {number}>"
        statements = [
            self.open_scope(self.scope, outer, token),
            self.open_out(self.out, token),
            *self._parse_body((end,)),
        ]
        self._end_tag(end)
        value = self.close_out(self.out, token)
        self.scope, self.out = outer, out
        for call in filters:
            call.args[0] = value
            value = self.place(call, token)
        return statements, value

    def _parse_filter_block(self, token):
        filters = [self.parse_filter(self.constant(None, self.token)), *self._parse_filter_chain()]
        self.expect("endblock")
        statements, value = self._parse_capture("endfilter", filters, token)
        return [*statements, self.print_value(value, token)]

    def _parse_with(self, token):
        outer = self.scope
        inner = f"<scope {self.next_number()}>"
        statements = [self.open_scope(inner, outer, token)]
        while not self.sees("endblock"):
            if len(statements) > 1:
                self.expect("operator", ",")
            targets = self.parse_targets(("=",))
            self.expect("operator", "=")
            # Values are those of outside, also when another of the same tag has the name.
            value = self.parse_expression()
            self.scope = inner
            statements += self.assign_targets(targets, value, token)
            self.scope = outer
        self.expect("endblock")
        self.scope = inner
        statements += self._parse_body(("endwith",))
        self.scope = outer
        self._end_tag("endwith")
        return statements

    def _parse_macro(self, token):
        name = self.expect("name")
        return self._parse_function(name.text, "endmacro", token, name)

    def _parse_call_block(self, token):
        number = self.next_number()
        # No template can write the name, so that only the macro sees it.
        caller = f"<caller {number}>"
        parameters = self._parse_parameters() if self.sees("operator", "(") else []
        call = self.parse_expression()
        if not getattr(call, "is_written", False):
            raise self.error("expected a call", token)
        self.expect("endblock")
        statements = self._parse_function_body(caller, parameters, "endcall", token)
        found = self.method(self.scope, "find", [self.constant(caller, token)], token)
        call.keywords.append(self.place(ast.keyword("caller", found), token))
        return [*statements, self.print_value(call, token)]

    def _parse_function(self, name, end, token, at):
        parameters = self._parse_parameters()
        self.expect("endblock")
        return self._parse_function_body(name, parameters, end, at)

    def _parse_parameters(self):
        """Names with their defaults as functions of the scope of the call; None: no default."""
        self.expect("operator", "(")
        outer = self.scope
        self.scope = "<scope of call>"
        parameters = []
        while not self.accept("operator", ")"):
            if parameters:
                self.expect("operator", ",")
            token = self.expect("name")
            default = self.constant(None, token)
            if self.accept("operator", "="):
                arguments = ast.arguments([], [ast.arg(self.scope)], None, [], [], None, [])
                default = self.place(ast.Lambda(arguments, self.parse_expression()), token)
            elif parameters and not isinstance(parameters[-1][1], ast.Constant):
                raise self.error("a parameter without a default follows one that has one", token)
            parameters.append((token.text, default))
        self.scope = outer
        return parameters

    def _parse_function_body(self, name, parameters, end, token):
        number = self.next_number()
        outer, out, names = self.scope, self.out, self.names
        self.scope, self.out, self.names = f"<scope {number}>", f"<out {number}>", set()
        body = [self.open_out(self.out, token), *self._parse_body((end,))]
        self._end_tag(end)
        body.append(self.place(ast.Return(self.close_out(self.out, token)), token))
        function = self.define(f"<macro {number}>", [self.scope], body, token)
        used = [self.constant(extra in self.names, token) for extra in ("caller", "varargs", "kwargs")]
        names |= self.names
        self.scope, self.out, self.names = outer, out, names
        made = self.call(
            "<macro>",
            [
                self.constant(name, token),
                self.load(f"<macro {number}>", token),
                self.load(outer, token),
                self.constant(tuple(parameter for parameter, _ in parameters), token),
                self.place(ast.Tuple([default for _, default in parameters], ast.Load()), token),
                *used,
            ],
            token,
        )
        return [function, self.set_name(name, made, token)]
