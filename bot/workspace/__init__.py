"""A local Slack to try and to test the bot in."""
