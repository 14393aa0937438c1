"""What is to be segmented, and of what."""

from dataclasses import dataclass

from sirtdose.model.next_run import NextRun
from sirtdose.model.request import PostRequest
from sirtdose.model.segmentation import Segmentation


@dataclass(frozen=True)
class SegmentRequest:
    """A method, and the image with what was given, if doses are to be compared.

    `next_run` is what is to be typed to compute with what will be accepted, where a
    command was typed.
    """

    post: PostRequest
    asked: Segmentation
    next_run: NextRun | None = None

    @property
    def gives_activity(self) -> bool:
        """Whether doses with and without each candidate can be computed."""
        return self.post.given.administered_gbq is not None
