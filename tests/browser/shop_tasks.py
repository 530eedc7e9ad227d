"""Tasks as a shop would have them, for jobs that a person can look at: with fields of each kind, logs and progress."""

import time
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from tickwell.sdk import PlainContext, task


class Report(BaseModel):
    """What a report is made of."""

    customer: str = Field(min_length=1, description="Whose report it is.")
    ledger: str = Field(description="Path of the file that has the bookings.")
    month: str = Field(default="2026-10", pattern=r"^\d{4}-\d{2}$", description="Year and month.")
    format: Literal["pdf", "csv"] = "pdf"
    copies: int = Field(default=1, ge=1, le=10)
    draft: bool = False
    recipients: list[str] = Field(default_factory=list)


class Stocktaking(BaseModel):
    """Which warehouse is counted."""

    warehouse: str
    gate: str = Field(default="", description="Path of a file that the task waits for half-way; empty: it does not.")


def _bookings(report: Report) -> list[str]:
    return Path(report.ledger).read_text().splitlines()


@task()
def monthly_report(report: Report, context: PlainContext) -> Any:
    """Put a customer's month together."""
    context.log("info", "reading the ledger", customer=report.customer)
    bookings = _bookings(report)
    context.progress(100, "done")
    return {"customer": report.customer, "bookings": len(bookings)}


@task()
def take_stock(stocktaking: Stocktaking, context: PlainContext) -> Any:
    """Count what lies in a warehouse."""
    context.log("info", "counting the first half", warehouse=stocktaking.warehouse)
    context.progress(50, "half of the shelves are counted")
    while stocktaking.gate and not Path(stocktaking.gate).exists():
        context.heartbeat()
        time.sleep(0.02)
    context.progress(100, "all shelves are counted")
    return {"warehouse": stocktaking.warehouse, "articles": 1312}


def shop_tasks() -> list[Any]:
    """What the entry point names."""
    return [monthly_report, take_stock]
