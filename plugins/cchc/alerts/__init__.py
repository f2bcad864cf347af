"""Alerts: rules, recipients and the life of an alert; ``detection`` opens and ends alerts, ``notification`` sends."""
