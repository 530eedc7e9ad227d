"""The port of whoever makes images."""

from typing import Protocol

from tickwell.domain.image import ImageOrder, MadeImages


class ImageMaker(Protocol):
    """A provider of images, chosen by the deployment."""

    async def make(self, order: ImageOrder) -> MadeImages:
        """Make the images.

        Raises AttemptFailedError. Not retryable: ``PROMPT_REFUSED``; ``IMAGE_REQUEST_REFUSED`` for a size, an option or
        a model that the provider does not take; ``IMAGE_KEY_MISSING``, ``IMAGE_KEY_REFUSED``,
        ``IMAGE_QUOTA_EXHAUSTED``; ``IMAGES_NOT_AVAILABLE`` where the task runs in a place without a provider.
        Retryable: ``IMAGE_PROVIDER_BUSY``, ``IMAGE_PROVIDER_FAILED``, and what ``HttpClient`` raises.
        """
        ...
