"""Servers that stand in for the outside: Slack, a mail server, proxies that fail on purpose."""
