"""`python -m fuzz [-n N] [--seed S] [--broker kafka]`: exits with 1 if anything was not as it must be.

Apache Kafka is the broker where Java and Maven are, else the embedded one, from which millions take long to read back.
First N bodies against ingest; then every service by its document; then a tenth as many inputs for each decoder, at most
200,000, guided by coverage.
"""

import argparse
import asyncio
import sys
from random import SystemRandom

from fuzz import campaign, documents, guided, table
from fuzz.campaign import SETTINGS, Outcome
from local.stack import apache_kafka
from local.stack.servers import CHECKOUT, Broker
from local.stack.temporary import TemporaryStack, temporary_stack
from support.system import system

EXAMPLES = 40  # for each operation, beside those that schemathesis makes of the document itself
MOST_RUNS = 200_000


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Bad input against a real ingest.")
    parser.add_argument("-n", type=int, default=1_000_000, help="bodies to throw")
    parser.add_argument("--seed", type=int, help="draws the same bodies again")
    parser.add_argument("--broker", type=Broker, choices=list(Broker), default=None)
    arguments = parser.parse_args(words)
    broker = arguments.broker or (Broker.EMBEDDED if apache_kafka.available() else Broker.KAFKA)
    seed = SystemRandom().getrandbits(31) if arguments.seed is None else arguments.seed
    print(f"{arguments.n} bodies, seed {seed}, {broker} broker", flush=True)
    with temporary_stack("fuzz", broker=broker) as here:
        here.logs.mkdir(parents=True, exist_ok=True)
        outcome, found = _run(here, broker, shots=arguments.n, seed=seed)
    found |= guided.check(runs=min(arguments.n // 10, MOST_RUNS), seed=seed)
    print(table.of_parts({name: found.get(name, "") for name in (*documents.ASKED, *guided.TARGETS)}))
    return 1 if outcome.violations or found else 0


def _run(here: TemporaryStack, broker: Broker, *, shots: int, seed: int) -> tuple[Outcome, dict[str, str]]:
    with system(
        bootstrap=here.servers.bootstrap,
        broker=broker,
        database_url=here.servers.postgres.create_database("fuzz"),
        directory=here.logs,
        card=(CHECKOUT / "deploy" / "scorecard.yml").read_text(encoding="utf-8"),
        more={**SETTINGS, **documents.SETTINGS},
    ) as made:
        (ingest,) = made.started("ingest")
        outcome = asyncio.run(campaign.run(made, ingest, shots=shots, seed=seed))
        print(table.of(outcome), flush=True)
        made.started("worker", "api", "alerts")
        return outcome, asyncio.run(documents.check(made, examples=EXAMPLES, seed=seed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
