"""The filters of templates that make texts of texts."""

import re
import shlex
import textwrap
import urllib.parse


def capitalize(value):
    return str(value).capitalize()


def title(value):
    words = re.split(r"([-\s({\[<]+)", str(value))
    return "".join(word[0].upper() + word[1:].lower() for word in words if word)


def replace(value, old, new, count=None):
    return str(value).replace(str(old), str(new), -1 if count is None else count)


def trim(value, chars=None):
    return str(value).strip(chars)


def indent(value, width=4, first=False, blank=False):
    prefix = width if isinstance(width, str) else " " * width
    text = str(value) + "\n"
    if blank:
        text = ("\n" + prefix).join(text.splitlines())
    else:
        first_line, *others = text.splitlines()
        text = "\n".join([first_line, *(prefix + line if line else line for line in others)])
    return prefix + text if first else text


def truncate(value, length=255, killwords=False, end="...", leeway=5):
    text = str(value)
    if length < len(end):
        raise ValueError(f"expected length >= {len(end)}, got {length}")
    if len(text) <= length + leeway:
        return text
    cut = text[: length - len(end)]
    return (cut if killwords else cut.rsplit(" ", 1)[0]) + end


def word_wrap(value, width=79, break_long_words=True, wrapstring="\n", break_on_hyphens=True):
    options = {
        "width": width,
        "expand_tabs": False,
        "replace_whitespace": False,
        "break_long_words": break_long_words,
        "break_on_hyphens": break_on_hyphens,
    }
    return wrapstring.join(wrapstring.join(textwrap.wrap(line, **options)) for line in str(value).splitlines())


def word_count(value):
    return len(re.findall(r"\w+", str(value)))


def escape(value):
    text = str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&#34;").replace("'", "&#39;")


def strip_tags(value):
    return " ".join(re.sub(r"<!--.*?-->|<[^>]*>", "", str(value), flags=re.DOTALL).split())


def format_text(value, *args, **kwargs):
    if args and kwargs:
        raise TypeError("can't handle positional and keyword arguments at the same time")
    return str(value) % (kwargs or args)


def url_encode(value):
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return urllib.parse.quote(str(value), safe="/")
    pairs = value.items() if isinstance(value, dict) else value
    return "&".join(f"{_quote_part(name)}={_quote_part(part)}" for name, part in pairs)


def _quote_part(value):
    return urllib.parse.quote(str(value), safe="").replace("%20", "+")


def quote(value):
    """One word for a shell, whatever characters it has."""
    return shlex.quote(str(value))
