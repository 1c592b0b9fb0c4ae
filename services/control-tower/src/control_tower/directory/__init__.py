"""What control-tower finds outside itself: the services of every region, and the brands' files."""

from control_tower.directory.brands import Brands
from control_tower.directory.region import Region
from control_tower.directory.regions import Regions

__all__ = ["Brands", "Region", "Regions"]
