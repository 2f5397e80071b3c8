"""Choosing papers: papers, signals, interests and a moment in; an order with reasons out. Pure."""
