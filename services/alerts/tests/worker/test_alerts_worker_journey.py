"""A renewal on its way to its message, through the tables and the sender, while the account is in trouble."""

from dataclasses import replace

from alerts.api.database import AlertsDatabase
from alerts.samples import RENEWAL, Sample
from common.contracts.signals import Facts, Kind, MovingEvent, Severity
from support.alerts_decisions import at, band
from support.alerts_replicas import ReplicasHarness, titles

FACTS = Facts(name="Birch Foods", contract_end=RENEWAL.facts.contract_end)
TITLE = "🟡 Birch Foods: renewal in 90 days (12 Jun)"


async def test_a_renewal_has_a_thread_of_its_own_though_somebody_has_the_trouble_in_hand(
    replicas: ReplicasHarness,
) -> None:
    await replicas.start()
    yellow = band("yellow")
    await replicas.tell(yellow)
    await replicas.settled()
    api = AlertsDatabase(replicas.engine, patience=30.0)
    await api.acknowledge(yellow.signal_id, by="dana@example.com", note=None)
    renewal = replace(RENEWAL, at=at(1), facts=FACTS).build()
    replicas.clock.now = at(1).timestamp()
    await replicas.tell(renewal, renewal)
    await replicas.settled()
    assert titles(replicas.post.arrived) == ["🟡 Birch Foods is yellow: 78 → 60", TITLE]
    # Whoever has the renewal in hand, too, still hears that the account gets worse or well again.
    await api.acknowledge(renewal.signal_id, by="dana@example.com", note=None)
    assert await replicas.rows("SELECT episode FROM alerts.acknowledgement ORDER BY at") == [
        (yellow.episode,),
        (renewal.signal_id,),
    ]
    # The recovery closes the thread of the trouble; the renewal is as near as before.
    replicas.clock.now = at(2).timestamp()
    await replicas.tell(band("green", hours=2, opens=yellow))
    await replicas.settled()
    assert await replicas.rows("SELECT episode, signals[1], status FROM alerts.notification ORDER BY seq") == [
        (yellow.episode, yellow.signal_id, "sent"),
        (renewal.signal_id, renewal.signal_id, "sent"),
        (yellow.episode, band("green", hours=2, opens=yellow).signal_id, "sent"),
    ]
    assert await replicas.reasons() == [("yellow", "new"), ("open", "new"), ("green", "recovered")]
    [(review,)] = await replicas.rows(
        "SELECT body -> 'review' ->> 'active_people' FROM alerts.alert WHERE kind <> 'band'"
    )
    assert float(review) == 11.6


async def test_a_contract_whose_end_was_a_mistake_is_amended_in_the_thread_of_its_renewal(
    replicas: ReplicasHarness,
) -> None:
    await replicas.start()
    cause = MovingEvent("crm", "e-7", "account.updated", at(0), 0.0)
    renewal = replace(RENEWAL, facts=FACTS, event=cause).build()
    await replicas.tell(renewal)
    await replicas.settled()
    withdrawn = Sample(kind=Kind.RETRACTED, to="open", at=at(0.01), event=cause, severity=Severity.INFO)
    await replicas.tell(withdrawn.build())
    await replicas.settled()
    assert titles(replicas.post.arrived) == [
        TITLE,
        "⚪ Birch Foods: withdrawn: renewal comes up (reported by mistake)",
    ]
    assert await replicas.rows("SELECT DISTINCT episode FROM alerts.notification") == [(renewal.signal_id,)]
