"""A scorecard of second-long half-lives, one metric of each kind: what takes weeks with customers takes seconds."""

# All sessions fall on one day, so silence goes by prior_gap alone: 3 is reached after 3 * 1.5 s * ln 10.
QUIET_AFTER = 10.4

QUICK = """
version: 1
metrics:
  logins:  {dimension: engagement, kind: rate, event: session.started, half_life: 6s, curve: [[0.25, 0], [3, 100]],
            prior_per_week: 0}
  people:  {dimension: deployment, kind: distinct, event: session.started, key: user_id, half_life: 8s,
            curve: [[0.25, 0], [2, 100]], prior: 0}
  silence: {dimension: engagement, kind: silence, event: session.started, prior_gap: 1.5s, curve: [[1, 100], [3, 0]]}
  steps:   {dimension: deployment, kind: milestone, planned: true, grace: 5s}
  nps:     {dimension: roi, kind: gauge, event: nps.answered, value: score, key: user_id, read: net_promoter,
            curve: [[-100, 0], [0, 40], [100, 100]], hold: 4s, ttl: 20s}
  tickets: {dimension: adoption, kind: ratio, num: ticket.opened, den: people, half_life: 8s,
            curve: [[0.2, 100], [3, 0]], quiet_follows: logins, min_events: 0}
flags:
  payment_failed: {event: invoice.payment_failed, cap: 45, ttl: 60s, clear_on: invoice.paid}
  gone_quiet:     {when: "silence >= 3", cap: 45}
outcomes:
  churned: {event: contract.ended}
weights:
  default: {deployment: 25, engagement: 50, adoption: 15, roi: 10}
bands: {default: {red: 40, yellow: 70, hysteresis: 8, min_duration: 1s}}
"""
