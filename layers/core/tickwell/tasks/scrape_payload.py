"""What ``scrape_website`` is asked to do."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from tickwell.outgoing_url import sound_url
from tickwell.tasks.http_headers import SoundHeaders
from tickwell.tasks.payload import Payload

MOST_PAGES = 50
_DEFAULT_SELECTOR = "title"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")

_Css = Annotated[str, Field(min_length=1, max_length=1000)]
_Url = Annotated[str, AfterValidator(sound_url), Field(min_length=1, max_length=8192)]


def _as_css(value: Any) -> Any:
    return {"css": value} if isinstance(value, str) else value


class Selector(Payload):
    """What is read of a page."""

    css: _Css
    attribute: str | None = Field(default=None, min_length=1, max_length=100, description="Otherwise the text")
    all: bool = Field(default=False, description="Every match, as a list; otherwise the first one or null")


_Selectors = dict[str, Annotated[Selector, BeforeValidator(_as_css, json_schema_input_type=str | Selector)]]


class Follow(Payload):
    """The way from page to page."""

    css: _Css = Field(description='The link to the next page, as "a[rel=next]"')
    max_pages: int = Field(default=10, ge=2, le=MOST_PAGES, description="The first one included")


class ScrapeWebsitePayload(Payload):
    """Which pages are fetched, and what is read of them."""

    either = ("url", "urls")

    urls: list[_Url] | None = Field(default=None, min_length=1, max_length=MOST_PAGES, description="Several pages")
    url: _Url | None = Field(default=None, validate_default=True, description="One page, or the first one")
    selector: _Css = Field(default=_DEFAULT_SELECTOR, description="A CSS selector")
    attribute: str | None = Field(
        default=None, min_length=1, max_length=100, description="Of what the selector finds; otherwise its text"
    )
    all: bool = Field(default=False, description="Every match, as a list; otherwise the first one or null")
    selectors: _Selectors | None = Field(
        default=None, min_length=1, max_length=50, description="Several by name, instead of selector"
    )
    follow: Annotated[Follow, BeforeValidator(_as_css, json_schema_input_type=str | Follow)] | None = Field(
        default=None, description="Go on from url to the next page"
    )
    headers: SoundHeaders = Field(default={}, description="Sent with each page; some are Tickwell's own")
    timeout: float = Field(default=10, gt=0, le=300, description="Seconds for each page, redirects and body included")
    max_page_bytes: int = Field(default=2 * 1024 * 1024, ge=1024, le=10 * 1024 * 1024, description="Read of each page")
    respect_robots: bool = Field(default=True, description="Whether robots.txt is asked, and obeyed")

    @field_validator("url")
    @classmethod
    def _either_one_or_several(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "urls" not in info.data:  # at fault itself
            return value
        if value is None and info.data["urls"] is None:
            raise ValueError("is required, or urls")
        if value is not None and info.data["urls"] is not None:
            raise ValueError("must not be given together with urls")
        return value

    @field_validator("selectors")
    @classmethod
    def _selectors_are_alone(cls, value: _Selectors | None, info: ValidationInfo) -> _Selectors | None:
        if value is None:
            return None
        if not all(_NAME.fullmatch(name) for name in value):
            raise ValueError("must have names of 1 to 64 letters, digits, points, hyphens and underscores")
        ordinary = {"selector": _DEFAULT_SELECTOR, "attribute": None, "all": False}
        for field, default in ordinary.items():
            if info.data.get(field, default) != default:
                raise ValueError(f"must not be given together with {field}")
        return value

    @field_validator("follow")
    @classmethod
    def _follows_one(cls, value: Follow | None, info: ValidationInfo) -> Follow | None:
        if value is not None and info.data.get("urls") is not None:
            raise ValueError("must not be given together with urls")
        return value

    @property
    def wanted(self) -> dict[str, Selector]:
        """The selectors by the field that they come from."""
        if self.selectors is None:
            return {"selector": Selector(css=self.selector, attribute=self.attribute, all=self.all)}
        return {f"selectors.{name}": selector for name, selector in self.selectors.items()}
