"""Sending: wording, outbox, channels, dry run."""
