"""The Markdown parser's tokens, a flat list, as a tree of what lies in what."""

from collections.abc import Iterator
from typing import NamedTuple

from markdown_it.token import Token


class Node(NamedTuple):
    """
    Attributes:
        token: for what a pair of tokens opens and closes, the opening one.
    """

    token: Token
    inside: "list[Node]"

    @property
    def type(self) -> str:
        return self.token.type.removesuffix("_open")


def nested(tokens: Iterator[Token]) -> list[Node]:
    """The tokens up to the one that closes what they lie in, each with what lies in it."""
    nodes = []
    for token in tokens:
        if token.nesting < 0:
            break
        nodes.append(Node(token, nested(tokens if token.nesting else iter(token.children or []))))
    return nodes


def walk(nodes: list[Node]) -> Iterator[Node]:
    """All of them, each before what lies in it."""
    for node in nodes:
        yield node
        yield from walk(node.inside)
