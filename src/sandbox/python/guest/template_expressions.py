"""Expressions of templates, from tokens to Python's syntax tree. What a template may do beyond Python's
operators (names, attributes, filters, tests) becomes a call of a function of `template_runtime.py`; the names of
these have angle brackets, which no template can write.

The order of binding, from loose to tight, is that of Jinja: `if else`, `or`, `and`, `not`, comparisons and `in`,
`+ -`, `~`, `* / // %`, `**` (from the left), signs, then `.`, `[]`, `()`, `|` and `is`."""

import ast

from rules import is_forbidden_name
from template_filters import FILTERS
from template_nodes import NodeReader
from template_tests import TESTS

_CONSTANTS = {"true": True, "True": True, "false": False, "False": False, "none": None, "None": None}
_COMPARISONS = {"==": ast.Eq, "!=": ast.NotEq, "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE}
_SUM = {"+": ast.Add, "-": ast.Sub}
_PRODUCT = {"*": ast.Mult, "/": ast.Div, "//": ast.FloorDiv, "%": ast.Mod}
# What ends the argument of a test that stands without parentheses.
_AFTER_TEST = ("else", "or", "and", "if", "not", "in", "is")


class ExpressionParser(NodeReader):
    """`scope` is the name of the Python variable that has the scope, `names` are those that were looked up."""

    def __init__(self, tokens, positions):
        super().__init__(tokens, positions)
        self.scope = ""
        self.names = set()

    def parse_tuple(self, with_condition=True):
        """One expression, or several with commas between."""
        token = self.token
        parse = self.parse_expression if with_condition else self._parse_or
        items = []
        while True:
            if items and self._ends_tuple():
                break
            items.append(parse())
            if not self.sees("operator", ","):
                if len(items) == 1:
                    return items[0]
                break
            self.advance()
        return self.place(ast.Tuple(items, ast.Load()), token)

    def _ends_tuple(self):
        return self.token.kind in ("endprint", "endblock") or self.sees("operator", ")") or self.sees("name", "if", "recursive")

    def parse_expression(self):
        token = self.token
        value = self._parse_or()
        while self.accept("name", "if"):
            condition = self._parse_or()
            if self.accept("name", "else"):
                other = self.parse_expression()
            else:
                message = "the inline if-expression evaluated to false and no else section was defined."
                other = self.call("<undefined>", [self.constant(message, token)], token)
            value = self.place(ast.IfExp(condition, value, other), token)
        return value

    def _parse_or(self):
        return self._parse_chain("or", ast.Or, self._parse_and)

    def _parse_and(self):
        return self._parse_chain("and", ast.And, self._parse_not)

    def _parse_chain(self, word, operator, parse):
        token = self.token
        values = [parse()]
        while self.accept("name", word):
            values.append(parse())
        return values[0] if len(values) == 1 else self.place(ast.BoolOp(operator(), values), token)

    def _parse_not(self):
        token = self.accept("name", "not")
        if token is None:
            return self._parse_comparison()
        return self.place(ast.UnaryOp(ast.Not(), self._parse_not()), token)

    def _parse_comparison(self):
        token = self.token
        left = self._parse_sum()
        operators, others = [], []
        while True:
            if self.sees("operator", *_COMPARISONS):
                operators.append(_COMPARISONS[self.advance().text]())
            elif self.accept("name", "in"):
                operators.append(ast.In())
            elif self.sees("name", "not") and self.looks_ahead("name", "in"):
                self.advance()
                self.advance()
                operators.append(ast.NotIn())
            else:
                break
            others.append(self._parse_sum())
        return self.place(ast.Compare(left, operators, others), token) if operators else left

    def _parse_sum(self):
        return self._parse_binary(_SUM, self._parse_concatenation)

    def _parse_concatenation(self):
        token = self.token
        parts = [self._parse_product()]
        while self.accept("operator", "~"):
            parts.append(self._parse_product())
        return parts[0] if len(parts) == 1 else self.call("<concatenate>", parts, token)

    def _parse_product(self):
        return self._parse_binary(_PRODUCT, self._parse_power)

    def _parse_power(self):
        return self._parse_binary({"**": ast.Pow}, self._parse_unary)

    def _parse_binary(self, operators, parse):
        left = parse()
        while self.sees("operator", *operators):
            token = self.advance()
            left = self.place(ast.BinOp(left, operators[token.text](), parse()), token)
        return left

    def _parse_unary(self, with_filters=True):
        token = self.accept("operator", "-", "+")
        if token is None:
            node = self._parse_primary()
        else:
            operator = ast.USub() if token.text == "-" else ast.UAdd()
            node = self.place(ast.UnaryOp(operator, self._parse_unary(with_filters=False)), token)
        node = self._parse_postfix(node)
        return self._parse_filters_and_tests(node) if with_filters else node

    def _parse_primary(self):
        token = self.advance()
        match token.kind:
            case "name":
                if token.text in _CONSTANTS:
                    return self.constant(_CONSTANTS[token.text], token)
                return self.find(token)
            case "string":
                text = _read_string(token.text)
                while self.sees("string"):
                    text += _read_string(self.advance().text)
                return self.constant(text, token)
            case "integer" | "float":
                return self._read_number(token)
            case "operator" if token.text == "(":
                return self._parse_parentheses(token)
            case "operator" if token.text == "[":
                return self.place(ast.List(self._parse_items("]"), ast.Load()), token)
            case "operator" if token.text == "{":
                return self._parse_dict(token)
        self.token = token
        raise self.error(f"unexpected {self.describe_token()}")

    def find(self, token):
        """The value of a name, looked up from the innermost scope outwards."""
        self.names.add(token.text)
        return self.method(self.scope, "find", [self.constant(token.text, token)], token)

    def _read_number(self, token):
        text = token.text
        try:
            return self.constant(float(text) if token.kind == "float" else int(text, 0 if text[1:2].isalpha() else 10), token)
        except ValueError as error:
            raise self.error(str(error), token) from None

    def _parse_parentheses(self, token):
        if self.accept("operator", ")"):
            return self.place(ast.Tuple([], ast.Load()), token)
        node = self.parse_tuple()
        self.expect("operator", ")")
        return node

    def _parse_items(self, closer):
        items = []
        while not self.accept("operator", closer):
            if items:
                self.expect("operator", ",")
                if self.accept("operator", closer):
                    break
            items.append(self.parse_expression())
        return items

    def _parse_dict(self, token):
        keys, values = [], []
        while not self.accept("operator", "}"):
            if keys:
                self.expect("operator", ",")
                if self.accept("operator", "}"):
                    break
            keys.append(self.parse_expression())
            self.expect("operator", ":")
            values.append(self.parse_expression())
        return self.place(ast.Dict(keys, values), token)

    def _parse_postfix(self, node):
        while True:
            if self.sees("operator", "."):
                node = self._parse_attribute(node)
            elif self.sees("operator", "["):
                node = self._parse_subscript(node)
            elif self.sees("operator", "("):
                node = self.parse_call(node)
            else:
                return node

    def _parse_attribute(self, node):
        self.advance()
        token = self.advance()
        if token.kind == "integer":
            return self.call("<item>", [node, self._read_number(token)], token)
        if token.kind != "name":
            self.token = token
            raise self.error(f"expected a name or a number, got {self.describe_token()}")
        if is_forbidden_name(token.text):
            raise self.positions.forbid(f"Access to forbidden name {token.text!r}", token.offset)
        return self.call("<attribute>", [node, self.constant(token.text, token)], token)

    def _parse_subscript(self, node):
        token = self.advance()
        keys = []
        while not self.accept("operator", "]"):
            if keys:
                self.expect("operator", ",")
            keys.append(self._parse_key())
        if not keys:
            raise self.error("a subscript is missing", token)
        key = keys[0] if len(keys) == 1 else self.place(ast.Tuple(keys, ast.Load()), token)
        return self.call("<item>", [node, key], token)

    def _parse_key(self):
        token = self.token
        parts = [None if self.sees("operator", ":") else self.parse_expression()]
        while len(parts) < 3 and self.accept("operator", ":"):
            ends = self.sees("operator", ":", "]", ",")
            parts.append(None if ends else self.parse_expression())
        if len(parts) == 1:
            return parts[0]
        bounds = [self.constant(None, token) if part is None else part for part in parts]
        return self.call("<slice>", bounds, token)

    def parse_call(self, node):
        token = self.token
        arguments, keywords = self.parse_arguments()
        call = self.call(node, arguments, token, keywords)
        call.is_written = True
        return call

    def parse_arguments(self):
        """What stands in the parentheses of a call."""
        self.expect("operator", "(")
        arguments, keywords = [], []
        begun = unpacked = False
        while not self.accept("operator", ")"):
            if begun:
                self.expect("operator", ",")
                if self.accept("operator", ")"):
                    break
            begun = True
            token = self.token
            if self.accept("operator", "**"):
                keywords.append(self.place(ast.keyword(None, self.parse_expression()), token))
                unpacked = True
            elif self.accept("operator", "*"):
                arguments.append(self.place(ast.Starred(self.parse_expression(), ast.Load()), token))
            elif self.sees("name") and self.looks_ahead("operator", "="):
                name = self.advance().text
                self.advance()
                keywords.append(self.place(ast.keyword(name, self.parse_expression()), token))
            elif keywords or unpacked:
                raise self.error("an argument without a name follows one that has a name")
            else:
                arguments.append(self.parse_expression())
        return arguments, keywords

    def _parse_filters_and_tests(self, node):
        while True:
            if self.accept("operator", "|"):
                node = self.parse_filter(node)
            elif self.accept("name", "is"):
                node = self._parse_test(node)
            elif self.sees("operator", "("):
                node = self.parse_call(node)
            else:
                return node

    def parse_filter(self, node):
        token = self.expect("name")
        if token.text not in FILTERS:
            raise self.error(f"no filter named {token.text!r}", token)
        arguments, keywords = self.parse_arguments() if self.sees("operator", "(") else ([], [])
        return self.call(f"<filter {token.text}>", [node, *arguments], token, keywords)

    def _parse_test(self, node):
        negated = self.accept("name", "not")
        token = self.expect("name")
        if token.text not in TESTS:
            raise self.error(f"no test named {token.text!r}", token)
        arguments, keywords = self._parse_arguments_of_test()
        if self.sees("name", "is"):
            raise self.error("a test cannot follow a test")
        answer = self.call(f"<test {token.text}>", [node, *arguments], token, keywords)
        return self.place(ast.UnaryOp(ast.Not(), answer), token) if negated else answer

    def _parse_arguments_of_test(self):
        if self.sees("operator", "("):
            return self.parse_arguments()
        bare = self.token.kind in ("string", "integer", "float") or self.sees("operator", "[", "{")
        if bare or (self.sees("name") and self.token.text not in _AFTER_TEST):
            return [self._parse_postfix(self._parse_primary())], []
        return [], []



def _read_string(literal):
    """The text of a literal, with Python's escapes."""
    return literal[1:-1].encode("ascii", "backslashreplace").decode("unicode-escape")
