"""Nodes of the site's file, by the names that are typed."""

from difflib import get_close_matches

import click

from sirtdose.cli.words.option import Option
from sirtdose.cli.words.typed import site_nodes
from sirtdose.model.node import Node

from_option = Option(
    "from",
    str,
    "Name of the archive: a [node.NAME] in your site file.",
    metavar="NODE",
    required=True,
    into="node",
)


def node_named(name: str, option: str) -> Node:
    """The node of a name.

    Raises
    ------
    click.UsageError
        The site's file has none of it.
    """
    nodes = site_nodes()
    if name in nodes:
        return nodes[name]
    near = get_close_matches(name, nodes, 1)
    known = (
        f"was {near[0]} meant?"
        if near
        else f"use {', '.join(sorted(nodes))}"
        if nodes
        else f"write [node.{name if name.isidentifier() else 'pacs'}] into your site "
        "file, see `sirtdose site init`"
    )
    raise click.UsageError(f"{option}: there is no node '{name}': {known}")
