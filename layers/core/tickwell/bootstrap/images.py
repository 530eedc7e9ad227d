"""Who makes images, as the settings say."""

import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from tickwell.application.http_client import HttpClient
from tickwell.application.making_images import TakingTurns
from tickwell.application.ports import Clock, ImageMaker
from tickwell.application.task import TaskRegistry
from tickwell.settings.shared import ImageProvider, ImageProviderSettings, ImageSettings
from tickwell.tasks.generate_image import GENERATE_IMAGE_NAME

if TYPE_CHECKING:
    from tickwell.adapters.aws.bedrock_images import BedrockClient

_AT_ONCE: Final = 2


def on_its_lane(registry: TaskRegistry, settings: ImageProviderSettings) -> TaskRegistry:
    """``registry`` for a deployment: what is drawn here keeps a processor busy, and a provider only keeps waiting."""
    drawn_here = settings.image_provider is ImageProvider.LOCAL
    return registry.with_heavy(GENERATE_IMAGE_NAME) if drawn_here else registry


def image_makers(
    settings: ImageSettings, clock: Clock, openai_key: Callable[[], str]
) -> Callable[[HttpClient], ImageMaker]:
    """Gives the provider for a way out. Only the one that is chosen is loaded.

    ``openai_key`` reads the deployment's key; it raises NotFoundError where there is none.
    """
    return partial(_maker, settings, clock, openai_key)


def _maker(settings: ImageSettings, clock: Clock, openai_key: Callable[[], str], http: HttpClient) -> ImageMaker:
    return TakingTurns(_provider(settings, clock, openai_key, http), at_once=_AT_ONCE)


def _provider(settings: ImageSettings, clock: Clock, openai_key: Callable[[], str], http: HttpClient) -> ImageMaker:
    match settings.image_provider:
        case ImageProvider.LOCAL:
            from tickwell.tasks.drawn_images import DrawnImages

            return DrawnImages()
        case ImageProvider.OPENAI:
            from tickwell.tasks import openai_images

            return openai_images.OpenAiImages(
                http=http,
                clock=clock,
                url=settings.openai_url,
                model=settings.image_model or openai_images.DEFAULT_MODEL,
                deployment_key=openai_key,
            )
        case ImageProvider.BEDROCK:
            from tickwell.adapters.aws import bedrock_images

            return bedrock_images.BedrockImages(
                client=_BedrockClients(), model=settings.image_model or bedrock_images.DEFAULT_MODEL
            )


class _BedrockClients:
    """The SDK's client, made for the first image. Each call is tried once: it is paid for, the job's policy decides."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._client: BedrockClient | None = None

    def __call__(self) -> "BedrockClient":
        with self._making:
            if self._client is None:
                import botocore.session
                from botocore.config import Config

                config = Config(
                    connect_timeout=5, read_timeout=240, retries={"total_max_attempts": 1}, user_agent="tickwell"
                )
                made = botocore.session.get_session().create_client("bedrock-runtime", config=config)
                self._client = cast("BedrockClient", made)
            return self._client
