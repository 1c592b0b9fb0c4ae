"""Carrier profiles: how a carrier's messages are verified, read and understood, as data."""

from profiles.decode import Undecodable
from profiles.load import Broken, load, parse
from profiles.profile import Profile
from profiles.reading import Event, Item, Reading, Unreadable, read
from profiles.times import Moment
from profiles.words import MILESTONES, Milestone

__all__ = [
    "MILESTONES",
    "Broken",
    "Event",
    "Item",
    "Milestone",
    "Moment",
    "Profile",
    "Reading",
    "Undecodable",
    "Unreadable",
    "load",
    "parse",
    "read",
]
