"""Nordfreight: several events per webhook, signature over time and body."""
