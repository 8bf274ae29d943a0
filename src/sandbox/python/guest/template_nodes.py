"""What the parsers of templates share: reading tokens from left to right, and making parts of Python's syntax tree that
know where in the template they come from."""

import ast

_WORDS = {
    "data": "text",
    "print": "'{{'",
    "endprint": "'}}'",
    "block": "'{%'",
    "endblock": "'%}'",
    "name": "a name",
    "string": "a text",
    "end": "the end of the template",
}
_WITH_TEXT = ("name", "string", "integer", "float", "operator")
_MAX_DEPTH = 200


class NodeReader:
    def __init__(self, tokens, positions):
        self._tokens = tokens
        self._index = 0
        self.positions = positions
        self.token = tokens[0]

    # Tokens

    def advance(self):
        token = self.token
        if token.kind != "end":
            self._index += 1
            self.token = self._tokens[self._index]
        return token

    def sees(self, kind, *texts):
        return self.token.kind == kind and (not texts or self.token.text in texts)

    def accept(self, kind, *texts):
        return self.advance() if self.sees(kind, *texts) else None

    def expect(self, kind, *texts):
        if self.sees(kind, *texts):
            return self.advance()
        raise self.error(f"expected {' or '.join(map(repr, texts)) or _WORDS[kind]}, got {self.describe_token()}")

    def error(self, message, token=None):
        return self.positions.error(message, (token or self.token).offset)

    def describe_token(self):
        return repr(self.token.text) if self.token.kind in _WITH_TEXT else _WORDS[self.token.kind]

    def looks_ahead(self, kind, text):
        if self.token.kind == "end":
            return False
        following = self._tokens[self._index + 1]
        return following.kind == kind and following.text == text

    # Nodes

    def place(self, node, token):
        """Gives a node the token's position, for tracebacks. Its parts have been placed before: a tree that is deep
        takes the interpreter down when it is compiled, and when it is thrown away."""
        line, column = self.positions.find(token.offset)
        node.lineno = node.end_lineno = line
        node.col_offset = node.end_col_offset = column - 1
        node.depth = 1 + max((getattr(part, "depth", 0) for part in ast.iter_child_nodes(node)), default=0)
        if node.depth > _MAX_DEPTH:
            raise self.error("nested too deeply", token)
        return node

    def load(self, name, token):
        return self.place(ast.Name(name, ast.Load()), token)

    def constant(self, value, token):
        return self.place(ast.Constant(value), token)

    def call(self, function, arguments, token, keywords=()):
        if isinstance(function, str):
            function = self.load(function, token)
        return self.place(ast.Call(function, arguments, list(keywords)), token)

    def method(self, owner, name, arguments, token):
        function = self.place(ast.Attribute(self.load(owner, token), name, ast.Load()), token)
        return self.call(function, arguments, token)

    # Statements

    def assign(self, name, value, token):
        return self.place(ast.Assign([self.place(ast.Name(name, ast.Store()), token)], value), token)

    def run(self, expression, token):
        return self.place(ast.Expr(expression), token)

    def define(self, name, parameters, body, token):
        """A function. Its defaults are none: what it needs more, it finds around it."""
        arguments = ast.arguments([], [ast.arg(parameter) for parameter in parameters], None, [], [], None, [])
        return self.place(ast.FunctionDef(name, arguments, body, [], type_params=[]), token)

    def make_for(self, item, values, body, token):
        return self.place(ast.For(self.place(ast.Name(item, ast.Store()), token), values, body, []), token)
