"""Reads TeX: a text's tokens and groups, one after the other, as text or as a formula."""

import re
import unicodedata

from digest.tex import signs
from digest.tex.commands import COMMANDS, Command
from digest.tex.grammar import Node, is_formula, source, tree, unescaped

_ADDRESS = re.compile(r"https?://\S+\Z")
_LAST_WORD = re.compile(r"(?<![A-Za-z\\])[A-Za-z]+\Z")
_LEFT = {"\\left", "\\big", "\\Big", "\\bigl", "\\Bigl"}
# Signs that follow a number as a word does: "2.3× faster".
_FREE = {"times", "uparrow", "downarrow"}
_PAIRED = {"(": "\\)", "[": "\\]"}
_ENDS = {"$", "$$", *_PAIRED.values()}
_NO_ARGUMENTS = {"", " ", "^", "_", "\\"} | _ENDS
_DOTTED = {"\\i": "i", "\\j": "j", "ı": "i", "ȷ": "j"}


def read(text: str) -> str:
    """The text with its commands, groups and formulas as Unicode, as far as they are known."""
    return _Reader(tree(unescaped(text))).read()


class _Reader:
    """Reads one list of nodes from left to right."""

    def __init__(self, nodes: list[Node], *, formula: bool = False) -> None:
        self.nodes = nodes
        self.at = 0
        self.formula = formula
        self.out: list[str] = []
        self.last = {node: at for at, node in enumerate(nodes) if isinstance(node, str) and node in _ENDS}

    def read(self) -> str:
        while self.at < len(self.nodes):
            node = self.nodes[self.at]
            self.at += 1
            piece = self._node(node)
            # Of empty pieces in a row one is kept: looking back past thousands, time and again, takes seconds.
            if piece or self.out[-1:] != [""]:
                self.out.append(piece)
        return "".join(self.out)

    def _node(self, node: Node) -> str:
        if isinstance(node, list):
            return self._group(node)
        if node in {"$", "$$"}:
            return self._dollars(node)
        if node in {"^", "_"}:
            return self._script(node)
        if len(node) > 1 and node[0] == "\\":
            return self._command(node) if node[1].isascii() and node[1].isalpha() else self._symbol(node[1])
        return self._bare(node) if self.formula else node

    def _bare(self, word: str) -> str:
        """A word of a formula, which may be a sign's name that has lost its backslash."""
        if word == "~":
            return " "
        if word in signs.GREEK or word in signs.STRIPPED:
            return signs.SIGNS[word]
        return f"{word[0]} ×" if word[1:] == "times" else word

    # What stands before, and what follows.

    def _before(self) -> str:
        """The last character written; a line feed at the beginning."""
        return next((piece[-1] for piece in reversed(self.out) if piece), "\n")

    def _next(self) -> "Node":
        return self.nodes[self.at] if self.at < len(self.nodes) else ""

    def _skip_spaces(self) -> None:
        while self._next() == " ":
            self.at += 1

    def _group_after(self) -> "list[Node] | None":
        node = self._next()
        if not isinstance(node, list):
            return None
        self.at += 1
        return node

    def _argument(self) -> "list[Node]":
        """The group that follows, or what TeX takes without braces: a character, a sign, a font's letter."""
        group = self._group_after()
        if group is not None or not self.formula:
            return group or []
        self._skip_spaces()
        group, node = self._group_after(), self._next()
        if group is not None or isinstance(node, list) or node in _NO_ARGUMENTS:
            return group or []
        if node[0] != "\\":
            self.nodes[self.at] = node[1:]
            return [node[0]]
        self.at += 1
        font = node[1:] in signs.FONTS
        return [node, group] if font and (group := self._group_after()) else [node]

    def _option(self) -> str:
        """What stands in the square brackets that follow, if any."""
        if self._next() != "[" or "]" not in self.nodes[self.at : self.at + 12]:
            return ""
        end = self.nodes.index("]", self.at)
        inside = source(self.nodes[self.at + 1 : end])
        self.at = end + 1
        return inside

    # Groups and formulas.

    def _group(self, group: list[Node]) -> str:
        if self.out and self.out[-1] in signs.BARE:
            self.at -= 1
            return self._written(COMMANDS[self.out.pop()])
        if self.formula:
            return _Reader(group, formula=True).read()
        first = group[0] if group and isinstance(group[0], str) else ""
        if first.lstrip("\\") in signs.SWITCHES and group[1:2] == [" "]:
            return _Reader(group[2:]).read().strip(" ")
        if len(first) > 1 and first[0] == "\\" and first not in {"\\{", "\\\\"}:
            return _Reader(group).read()
        inside = source(group)
        if inside in signs.STRIPPED:
            return signs.OPERATORS[inside] if inside != "circ" else "°"
        if self.out and (address := _ADDRESS.search(self.out[-1])):
            self.out[-1] = self.out[-1][: address.start()]
            return signs.link(_Reader(group).read(), address[0])
        return inside if self._is_part_of_a_word(inside) else f"{{{_Reader(group).read()}}}"

    def _is_part_of_a_word(self, inside: str) -> bool:
        """Whether braces hold letters within a word (`Le{a}rner`) or the base of a script (`{H}_t`)."""
        if not (inside.isalpha() and inside.isascii() and (len(inside) <= 2 or (inside.isupper() and len(inside) < 6))):
            return False
        follower, before = self._next(), self._before()
        after = follower[:1] if isinstance(follower, str) else ""
        return after in {"_", "^"} or after.islower() or before.islower()

    def _dollars(self, mark: str) -> str:
        ends = [mark] if mark == "$$" else ["$", "$$"]
        if max(self.last.get(end, -1) for end in ends) < self.at:
            return mark
        end = next(at for at in range(self.at, len(self.nodes)) if self.nodes[at] in ends)
        if not is_formula(source(self.nodes[self.at : end]), source(self.nodes[end + 1 : end + 2])):
            return mark
        formula = self._formula_until(end)
        if self.nodes[end] != mark:
            # The second of two dollars opens the next formula: `$a$$b$`.
            self.nodes[end], self.at, self.last["$"] = "$", end, max(end, self.last.get("$", -1))
        return formula

    def _formula_until(self, end: int) -> str:
        inside = self.nodes[self.at : end]
        self.at = end + 1
        return "−" if inside == ["-"] else _Reader(inside, formula=True).read().strip(" ")

    def _script(self, mark: str) -> str:
        grouped, before = isinstance(self._next(), list), self._before()
        if not self.formula and not (grouped and (before.isalnum() or before in ")]|*'")):
            return mark
        argument = self._argument()
        if not argument:
            return mark
        if self.out and (name := _LAST_WORD.search(self.out[-1])) and name[0] in signs.BASES:
            self.out[-1] = self.out[-1][: name.start()] + signs.BASES[name[0]]
        return signs.script(mark, _Reader(argument, formula=True).read().strip(" "))

    # Commands.

    def _symbol(self, sign: str) -> str:
        if sign in signs.ACCENTS:
            return self._accent(sign)
        closing = _PAIRED.get(sign, "")
        if self.last.get(closing, -1) >= self.at:
            return self._formula_until(self.nodes.index(closing, self.at))
        if sign.isspace():
            return f"\\{sign}" if self._before().isspace() else " "
        if sign in ",;:>":
            return " "
        if sign == "-" and self.out and _ADDRESS.search(self.out[-1]):
            return "-"
        if sign in "-/@" or (sign == "!" and self.formula):
            return ""
        return "‖" if sign == "|" and self.formula else sign

    def _accent(self, sign: str) -> str:
        """An accented letter; where what follows is none, that itself."""
        group, bare = self._group_after(), sign if not sign.isalpha() else f"\\{sign}"
        if group is not None:
            letters = _Reader(group).read()
            if sign + letters in signs.GREEK:
                return signs.GREEK[sign + letters]
            return signs.over(_DOTTED.get(letters, letters), signs.ACCENTS[sign])
        start = self.at
        if sign.isalpha():
            self._skip_spaces()
        node = str(self._next()) if sign not in "bd" else ""
        letter = _DOTTED.get(node, node[:1])
        composed = unicodedata.normalize("NFC", letter + signs.ACCENTS[sign])
        if not letter.isalpha() or len(composed) > 1:
            self.at = start
            return bare
        self.nodes[self.at] = "" if node in _DOTTED else node[1:]
        return composed

    def _command(self, token: str) -> str:
        name = token[1:].rstrip("*")
        if name in signs.ACCENTS:
            return self._accent(name)
        if name in signs.SIGNS:
            return self._sign(name)
        if name in signs.WORDS:
            return self._word(signs.WORDS[name])
        if name in signs.FUNCTIONS:
            return self._function(name)
        if name in signs.IGNORED or name in signs.SWITCHES:
            return self._ignored()
        if name in signs.DROPPED:
            return self._dropped()
        return self._with_arguments(name, token) if name in COMMANDS else self._unknown(name, token)

    def _with_arguments(self, name: str, token: str) -> str:
        if self._next() == "{" and (name in signs.FONTS or name == "footnote"):
            self.at += 1
            return "" if name in signs.FONTS else " ("
        start = self.at
        written = self._written(COMMANDS[name])
        return token if self.at == start and not self.formula else written

    def _written(self, command: Command) -> str:
        """What a command writes, apart from the word before it where that is an address."""
        written = command.write(*(self._taken(kind) for kind in command.takes))
        apart = command.takes[0] == "s" and (self._before().isalnum() or self._before() in ".,:;")
        return f" {written}" if apart and written else written

    def _taken(self, kind: str) -> str:
        if kind == "o":
            return self._option()
        argument = self._argument()
        return source(argument) if kind == "s" else _Reader(argument, formula=self.formula and kind != "p").read()

    def _dropped(self) -> str:
        """Nothing, and no blank before it."""
        self._option()
        self._option()
        if self._group_after() is not None and self.out and self.out[-1] in {" ", "~"}:
            self.out.pop()
        return ""

    def _sign(self, name: str) -> str:
        """A sign. A blank after it is TeX's own end of the name, and stays where there is one before the sign, too."""
        before = self._before()
        if self._next() == [] or (self._next() == " " and self._ends_at_blank(name, before)):
            self.at += 1
        if name == "deg" and self.formula and not before.isdigit():
            return "deg"
        return signs.SIGNS[name]

    def _ends_at_blank(self, name: str, before: str) -> bool:
        after = self.nodes[self.at + 1] if self.at + 1 < len(self.nodes) else ""
        number = isinstance(after, str) and after[:1].isdigit()
        if before == "\n" and number:
            return True
        glued = name in signs.OPERATORS and not before.isspace()
        return glued and (self.formula or number or name not in _FREE)

    def _word(self, word: str) -> str:
        if self._next() == []:
            self.at += 1
        return word[:-1] if word.endswith(".") and self._next() == "." else word

    def _function(self, name: str) -> str:
        after = self._next()
        glued = isinstance(after, str) and (
            after[:1].isalnum() or (after[:1] == "\\" and after[1:2].isalpha() and after not in _LEFT)
        )
        return f"{' ' if self._before().isalnum() else ''}{name}{' ' if glued else ''}"

    def _ignored(self) -> str:
        """Nothing, and no second blank; what a size or a direction applies to is kept."""
        group = self._group_after()
        if group is not None:
            return _Reader(group, formula=self.formula).read()
        if self._before().isspace():
            self._skip_spaces()
        return ""

    def _unknown(self, name: str, token: str) -> str:
        """A command of the author's own: its argument, or its name where it cannot be a path's."""
        group = self._group_after()
        if group:
            return _Reader(group, formula=self.formula).read()
        if self.formula:
            return name
        after, before = self._next(), self._before()
        in_a_path = (
            before.isalnum()
            or before in "\\/:"
            or (isinstance(after, str) and after[:1] in {"\\", "/"} and after[:2] not in {"\\ ", "\\\n"})
        )
        escape = len(name) == 1 or (name[0] in "nrt" and name[1].isupper())
        return token if in_a_path or escape else name
