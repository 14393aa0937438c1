"""An AE title on the command line."""

from typing import Any

import click

_LONGEST = 16


class AeTitle(click.ParamType):  # type: ignore[type-arg]
    """Up to 16 printable ASCII characters, without a backslash (DICOM PS3.5, 6.2)."""

    name = "AE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Read it without spaces around it."""
        text = str(value).strip()
        usable = text.isascii() and text.isprintable() and "\\" not in text
        if not text or len(text) > _LONGEST or not usable:
            self.fail(
                f"'{value}' is no AE title: 1 to {_LONGEST} ASCII characters, without "
                "a backslash",
                param,
                ctx,
            )
        return text
