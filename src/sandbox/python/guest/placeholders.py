"""Secrets in source text. The host has replaced each placeholder by a marker of the same length,
so positions in messages stay right. Here a marker becomes a value: bare in code it is the secret
itself, inside a string, f-string or bytes literal the literal is built when the program runs.
The compiled code holds no secret, and a quote in a secret cannot change the program.

Rejected: pasting an escaped literal over the placeholder, as text. It would put secrets into
compiled code (one compilation per value) and cannot tell f-strings, bytes and comments apart.

A marker in a literal is `Z<nonce><index>___Z`, a bare one becomes `"<bareNonce><index>___."`; the
host picks nonces that the source does not contain. An index is three digits of base 36."""

import ast
import io
import re
import tokenize


def secret_name(index):
    """The global that holds a secret. No program can write this name: it is no identifier."""
    return f"<secret {index}>"


# What a placeholder that names no secret becomes; its index is `zzz`.
NO_SECRET = secret_name(int("zzz", 36))


def quote_bare_markers(source, nonce, bare_nonce):
    """Turns markers that stand as names into string literals of the same length, so that
    `""<marker>""` is one literal, as it was for the original."""
    # The quotes take two letters and the full stop one: `Z`, one filler and `Z` make room.
    marker = re.compile(f"Z{nonce}([0-9a-z]{{3}})_(_*)Z")
    lines = io.StringIO(source).readlines()
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return source  # the compiler has the better message
    for token in reversed(tokens):
        if token.type == tokenize.NAME and nonce in token.string:
            quoted = marker.sub(rf'"{bare_nonce}\1\2."', token.string)
            (row, start), (_, end) = token.start, token.end
            lines[row - 1] = lines[row - 1][:start] + quoted + lines[row - 1][end:]
    return "".join(lines)


class InsertSecrets(ast.NodeTransformer):
    def __init__(self, nonce, bare_nonce):
        literal, bare = f"Z{nonce}([0-9a-z]{{3}})_*Z", f"{bare_nonce}([0-9a-z]{{3}})_*\\."
        self.bare = re.compile(bare)
        self.any = re.compile(f"{literal}|{bare}")
        self.any_bytes = re.compile(self.any.pattern.encode())

    def visit_Constant(self, node):
        if isinstance(node.value, str):
            alone = self.bare.fullmatch(node.value)
            if alone is not None:
                return ast.copy_location(_load_secret(alone[1]), node)
            parts = _split(self.any, node.value)
            return node if parts is None else _locate(ast.JoinedStr([_format(part) for part in parts]), node)
        if isinstance(node.value, bytes):
            parts = _split(self.any_bytes, node.value)
            return node if parts is None else _locate(_join_bytes(parts), node)
        return node

    def visit_JoinedStr(self, node):
        values = []
        for value in node.values:
            new = self.visit(value)
            if isinstance(new, ast.JoinedStr):
                values.extend(new.values)
            elif isinstance(new, ast.Name):
                values.append(_locate(_format(new), node))
            else:
                values.append(new)
        node.values = values
        return node

    def visit_MatchValue(self, node):
        value = node.value
        if isinstance(value, ast.Constant) and isinstance(value.value, str) and self.any.search(value.value):
            raise SyntaxError(
                "a secret cannot be a case pattern: compare it in an if",
                ("", node.lineno, node.col_offset + 1, None),
            )
        return node


def _split(pattern, value):
    """Constants and names, in order; None when no marker is inside."""
    parts, end = [], 0
    for match in pattern.finditer(value):
        if match.start() > end:
            parts.append(ast.Constant(value[end:match.start()]))
        parts.append(_load_secret(match[1] or match[2]))
        end = match.end()
    if not parts:
        return None
    if end < len(value):
        parts.append(ast.Constant(value[end:]))
    return parts


def _load_secret(index):
    return ast.Name(secret_name(int(index, 36)), ast.Load())


def _format(part):
    return part if isinstance(part, ast.Constant) else ast.FormattedValue(part, -1, None)


def _join_bytes(parts):
    pieces = [part if isinstance(part, ast.Constant) else _encode(part) for part in parts]
    return ast.Call(ast.Attribute(ast.Constant(b""), "join", ast.Load()), [ast.List(pieces, ast.Load())], [])


def _encode(name):
    return ast.Call(ast.Attribute(ast.JoinedStr([_format(name)]), "encode", ast.Load()), [], [])


def _locate(new, old):
    return ast.fix_missing_locations(ast.copy_location(new, old))
