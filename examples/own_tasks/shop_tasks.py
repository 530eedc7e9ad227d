"""A task of a shop: what a supplier asks for an article today."""

from pydantic import BaseModel

from tickwell.sdk import AttemptFailedError, HttpRequest, PlainContext, task


class Article(BaseModel):
    """What a job of this task carries."""

    name: str


@task()
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
