"""A scorecard with which a few events bring every band, at once and in silence, and what KPIs have to know of it."""

from typing import Final

# Days after the start of the contract.
STEPS: Final = {"kickoff": 5, "first_value": 10}
ADOPTION: Final = ("depth", "pace")
# The mood decides on the band: at once, by a large step, and in silence, when it fades.
CARD: Final = """
version: 1
metrics:
  mood:  {dimension: engagement, kind: gauge, event: mood.read, value: level, curve: [[0, 0], [100, 100]],
          hold: 5d, ttl: 70d, neutral: 20}
  depth: {dimension: adoption, kind: gauge, event: depth.measured, value: share, curve: [[0, 0], [1, 100]],
          hold: 5d, ttl: 90d}
  pace:  {dimension: adoption, kind: rate, event: session.started, half_life: 7d,
          curve_per_week: [[0.1, 0], [5, 100]], prior_per_week: 2}
  first_steps: {dimension: deployment, kind: milestone, stages: [onboarding], grace: 7d,
                steps: {kickoff: 5d, first_value: 10d}}
flags:
  cancel_intent: {event: contract.cancel_requested, cap: 10, ttl: 20d, clear_on: contract.renewed}
outcomes:
  renewed: {event: contract.renewed}
weights:
  onboarding: {deployment: 10, engagement: 80, adoption: 10, roi: 0}
  adoption:   {deployment: 0, engagement: 80, adoption: 20, roi: 0}
  renewal:    {deployment: 0, engagement: 90, adoption: 10, roi: 0}
  expansion:  {deployment: 0, engagement: 80, adoption: 20, roi: 0}
bands: {default: {red: 30, yellow: 70, hysteresis: 8, min_duration: 2d}}
journey: {value: first_value, renewal_window: 30d}
default_stage: adoption
"""
