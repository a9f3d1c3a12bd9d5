"""The Slack process: commands in, messages out."""
