"""What is to be segmented, and of what."""

from dataclasses import dataclass

from sirtdose.model.request import PostRequest
from sirtdose.model.segmentation import Segmentation


@dataclass(frozen=True)
class SegmentRequest:
    """A method, and the image with what was given, if doses are to be compared."""

    post: PostRequest
    asked: Segmentation

    @property
    def gives_activity(self) -> bool:
        """Whether doses with and without each candidate can be computed."""
        return self.post.given.administered_gbq is not None
