"""The ways by which alerts reach people: Slack, a webhook, e-mail. Each is tried on its own.

A road sends one thing and says by an error that it did not; when to try again is decided in
`bot/alerting.py`. No error of a road ever holds a secret.
"""
