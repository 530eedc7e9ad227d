"""Tasks of a shop: what a supplier asks for an article today, and the invoice for an order."""

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from tickwell.sdk import (
    AttemptFailedError,
    HttpRequest,
    Payload,
    PlainContext,
    RetryPolicy,
    RetryStrategy,
    Task,
    TaskContext,
    task,
)

PATIENT = RetryPolicy(
    strategy=RetryStrategy.EXPONENTIAL, delay_seconds=30, factor=2, max_delay_seconds=3600, jitter=0.2
)


class Article(Payload):
    """What a job of ``fetch_price`` carries."""

    name: str


@task(retry=PATIENT, max_retries=5, timeout_seconds=60)
def fetch_price(article: Article, context: PlainContext) -> dict[str, object]:
    """Asks the supplier for the price of an article."""
    url = f"https://supplier.example/prices/{article.name}"
    answer = context.send(HttpRequest(method="GET", url=url, timeout_seconds=10, max_body_bytes=1000))
    if answer.status_code == 404:
        raise AttemptFailedError("NO_SUCH_ARTICLE", f"the supplier has no {article.name}", retryable=False)
    if answer.status_code != 200:
        raise AttemptFailedError("SUPPLIER_DOWN", f"the supplier answered {answer.status_code}")
    context.log("info", "the supplier has answered", article=article.name)
    return {"article": article.name, "cents": int(answer.body)}


class Line(Payload):
    """So many of an article."""

    article: str
    pieces: int = Field(ge=1)
    cents: int = Field(ge=0)


class Order(Payload):
    """What a job of ``write_invoice`` carries."""

    number: int = Field(ge=1)
    lines: list[Line] = Field(min_length=1, max_length=1000)


@task("write_invoice")
async def invoice(order: Order, context: TaskContext) -> dict[str, object]:
    """Writes the invoice for an order into a file of the tenant."""
    total = sum(line.pieces * line.cents for line in order.lines)
    text = "".join(f"{line.pieces} x {line.article}: {line.pieces * line.cents}\n" for line in order.lines)
    data = f"{text}total: {total}\n".encode()
    name = f"invoices/{order.number}.txt"
    await context.files.write(name, data, content_type="text/plain")  # the same name in each attempt: no second invoice
    await context.progress(100, "written")
    return {"cents": total, "file": {"name": name, "content_type": "text/plain", "size_bytes": len(data)}}


def all_tasks() -> Iterable[Task[Any]]:
    """What the entry point in pyproject.toml names."""
    return [fetch_price, invoice]
