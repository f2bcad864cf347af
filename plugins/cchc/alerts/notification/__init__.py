"""Notification: messages about alert steps, from their wording to the channels, and the dry run. Opens no episode."""
