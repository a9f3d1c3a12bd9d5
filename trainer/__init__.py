"""The GPU side: what reads data, trains, measures, exports and serves models."""
