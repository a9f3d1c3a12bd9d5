"""The Slack process: commands in, messages out."""

import storage  # noqa: F401 - before sqlite-utils, which it makes lighter
