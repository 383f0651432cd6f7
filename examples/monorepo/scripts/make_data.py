"""Write the data of all three pipelines: invented, the same bytes on every machine.

Only the standard library's generator is used, whose sequence for a seed is fixed.
"""

import csv
import math
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

PIPELINES = Path(__file__).parents[1] / "pipelines"
SEED = 20_260_302
Row = tuple[object, ...]


def write(path: Path, columns: str, rows: Iterable[Row]) -> None:
    """Write one table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns.split())
        writer.writerows(rows)


def happens(rng: random.Random, score: float) -> bool:
    """Draw an event whose log-odds are given."""
    return rng.random() < 1 / (1 + math.exp(-score))


def transactions(rng: random.Random, count: int) -> Iterator[Row]:
    """Yield payments; young accounts that pay much, often, at night, from abroad are fraud."""
    for number in range(count):
        channel = rng.choices(("card", "transfer", "wallet"), (6, 3, 1))[0]
        amount = round(math.exp(rng.uniform(1, 8)), 2)
        hour, abroad = rng.randrange(24), int(rng.random() < 0.1)
        age, recent = rng.randrange(1, 2000), rng.choices(range(6), (50, 25, 12, 7, 4, 2))[0]
        night = hour < 6
        score = (
            -6.5 + 0.6 * math.log(amount) + 1.2 * night + 1.5 * abroad - age / 900 + 0.8 * recent
        )
        fraud = int(happens(rng, score))
        yield f"T{number:06d}", channel, f"{amount:.2f}", hour, abroad, age, recent, fraud


def judgements(rng: random.Random, first: int, queries: int) -> Iterator[Row]:
    """Yield eight judged products for each query; the grade goes from 0 (useless) to 3 (right)."""
    for query in range(first, first + queries):
        for _ in range(8):
            text, clicks, age = rng.random(), rng.random(), rng.random()
            price, stock = rng.random(), int(rng.random() < 0.9)
            worth = 2.2 * text * (0.5 + clicks) + 0.8 * stock - 0.6 * price - 0.4 * age
            grade = min(3, max(0, round(worth + rng.uniform(-0.4, 0.4))))
            shown = (f"{value:.3f}" for value in (text, clicks, price, age))
            yield query, *shown, stock, grade


OPINIONS = {
    1: "great excellent lovely reliable fast comfortable brilliant sturdy",
    0: "poor awful noisy broken slow flimsy disappointing useless",
}
THINGS = "kettle lamp chair phone jacket keyboard backpack bicycle"
FORMS = (
    "The {thing} is {opinion}.",
    "A {opinion} {thing}, I think.",
    "What a {opinion} {thing}!",
    "My {thing} arrived and it looks {opinion}.",
)


def reviews(rng: random.Random, count: int) -> Iterator[Row]:
    """Yield reviews; one in fifty carries the wrong label, as labels do."""
    for _ in range(count):
        positive = int(rng.random() < 0.5)
        words = {
            "thing": rng.choice(THINGS.split()),
            "opinion": rng.choice(OPINIONS[positive].split()),
        }
        label = positive if rng.random() > 0.02 else 1 - positive
        yield rng.choice(FORMS).format(**words), label


def main() -> None:
    """Write every file."""
    rng = random.Random(SEED)  # noqa: S311  invented data, no secret
    write(
        PIPELINES / "fraud/data/transactions.csv",
        "transaction_id channel amount hour abroad account_age recent fraud",
        transactions(rng, 5_000),
    )
    columns = "query text_match clicks price age in_stock grade"
    write(PIPELINES / "search/data/judgements.csv", columns, judgements(rng, 0, 400))
    write(PIPELINES / "search/data/holdout.csv", columns, judgements(rng, 400, 100))
    write(PIPELINES / "sentiment/data/reviews.csv", "text label", reviews(rng, 800))


if __name__ == "__main__":
    main()
