"""Nodes of the site's file, by the names that are typed."""

import os
from collections.abc import Collection

import click

from sirtdose.cli.words.option import Option
from sirtdose.cli.words.typed import site_nodes
from sirtdose.errors import InputError, nearest_name
from sirtdose.model.node import Node
from sirtdose.network.credentials import variable_of

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
    InputError
        Another node would be given the same password.
    """
    nodes = site_nodes()
    if name in nodes:
        _require_own_credentials(name, nodes)
        return nodes[name]
    near = nearest_name(name, nodes)
    known = (
        f"was {near} meant?"
        if near
        else f"use {', '.join(sorted(nodes))}"
        if nodes
        else f"write [node.{name if name.isidentifier() else 'pacs'}] into your site "
        "file, see `sirtdose site init`"
    )
    raise click.UsageError(f"{option}: there is no node '{name}': {known}")


def _require_own_credentials(name: str, nodes: Collection[str]) -> None:
    """Refuse a password of the environment that two nodes would take for theirs."""
    own = [variable_of(name, what) for what in ("user", "password", "token")]
    given = next((one for one in own if os.environ.get(one)), None)
    twin = next(
        (one for one in nodes if one != name and variable_of(one, "user") == own[0]),
        None,
    )
    if given and twin is not None:
        raise InputError(
            f"{given} is of the nodes {name} and {twin} alike: rename one of them in "
            "the site file"
        )
