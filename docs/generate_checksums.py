"""Write sirtdose/data/checksums.json, the digests of all shipped data."""

import json
from pathlib import Path

from sirtdose.validation.figures.tables import data_files, digest

FILE = Path(__file__).parents[1] / "sirtdose" / "data" / "checksums.json"


def text() -> str:
    """The whole file."""
    digests = {file: digest(file=file) for file in data_files()}
    document = {"schema": "sirtdose.checksums/1", "sha256": digests}
    return json.dumps(document, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
    print(f"Written: {FILE.name}")
