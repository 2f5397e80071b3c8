"""Templates to subject, text and HTML: compiled once, filled per reader."""
