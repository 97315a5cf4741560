"""Scorecards for tests: the one that we ship, and a small one with one metric of most kinds and flags of both sorts."""

from functools import cache
from pathlib import Path

from scoring.cards.load import load
from scoring.health.card import Card

SMALL = """
version: 1
metrics:
  logins:  {dimension: engagement, kind: rate, event: session.started, half_life: 7d,
            curve_per_week: [[0.5, 0], [10, 100]], prior_per_week: 5}
  seats:   {dimension: deployment, kind: distinct, event: session.started, key: user_id, half_life: 14d,
            curve: [[0.5, 0], [4, 100]], prior: 0}
  silence: {dimension: engagement, kind: silence, event: session.started, prior_gap: 1.5d,
            curve: [[0.5, 100], [3, 0]]}
  steps:   {dimension: deployment, kind: milestone, planned: true, grace: 7d}
  nps:     {dimension: roi, kind: gauge, event: nps.answered, value: score, key: user_id, read: net_promoter,
            curve: [[-100, 0], [0, 40], [100, 100]], hold: 30d, ttl: 120d}
  tickets: {dimension: adoption, kind: ratio, num: ticket.opened, den: seats, half_life: 14d,
            curve: [[0.2, 100], [3, 0]], quiet_follows: logins, min_events: 0}
flags:
  cancel_intent: {event: contract.cancel_requested, cap: 10, ttl: 180d, clear_on: contract.renewed}
  gone_quiet:    {when: "silence >= 3", cap: 45}
outcomes:
  renewed: {event: contract.renewed}
weights:
  onboarding: {deployment: 40, engagement: 40, adoption: 10, roi: 10}
  adoption:   {deployment: 20, engagement: 50, adoption: 20, roi: 10}
  renewal:    {deployment: 20, engagement: 40, adoption: 20, roi: 20}
  expansion:  {deployment: 25, engagement: 25, adoption: 25, roi: 25}
bands: {default: {red: 40, yellow: 70, hysteresis: 8, min_duration: 1d}}
"""


@cache
def shipped_card() -> Card:
    path = Path(__file__).parents[2] / "deploy" / "scorecard.yml"
    return load(path.read_text(encoding="utf-8"), path.name)
