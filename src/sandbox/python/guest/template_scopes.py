"""Scopes and outputs in the code that templates become: names that are set, and text that is printed."""

import ast

from template_expressions import ExpressionParser


class ScopeParser(ExpressionParser):
    """`out` is the name of the Python variable that has the place where text goes."""

    def __init__(self, tokens, positions):
        super().__init__(tokens, positions)
        self.out = ""
        self._count = 0

    def open_scope(self, name, outer, token):
        values = self.place(ast.Dict([], []), token)
        return self.assign(name, self.call("<open scope>", [values, self.load(outer, token)], token), token)

    def open_out(self, name, token, pythonic=False):
        return self.assign(name, self.call("<pythonic out>" if pythonic else "<plain out>", [], token), token)

    def close_out(self, name, token):
        return self.method(name, "finish", [], token)

    def next_number(self):
        self._count += 1
        return self._count

    def set_name(self, name, value, token):
        return self.run(self.method(self.scope, "set", [self.constant(name, token), value], token), token)

    def print_value(self, value, token):
        return self.run(self.method(self.out, "value", [value], token), token)

    def parse_targets(self, closers):
        """Names to assign to: a text, or a list of such where there are several."""
        targets = []
        while True:
            if self.accept("operator", "("):
                targets.append(self.parse_targets(")"))
                self.expect("operator", ")")
            else:
                targets.append(self.expect("name").text)
            if not self.accept("operator", ","):
                return targets[0] if len(targets) == 1 else targets
            if self.sees("operator", *closers) or self.sees("name", *closers):
                return targets

    def assign_targets(self, targets, value, token):
        """Unpacks as Python does, then gives the scope what was unpacked."""
        if isinstance(targets, str):
            return [self.set_name(targets, value, token)]
        names = []

        def make_target(part):
            if isinstance(part, str):
                names.append((part, f"<part {self.next_number()}>"))
                return self.place(ast.Name(names[-1][1], ast.Store()), token)
            return self.place(ast.Tuple([make_target(inner) for inner in part], ast.Store()), token)

        unpack = self.place(ast.Assign([make_target(targets)], value), token)
        return [unpack, *(self.set_name(name, self.load(local, token), token) for name, local in names)]
