"""What control-tower finds outside itself: the region's services, and the brands' files."""

from control_tower.directory.brands import Brands
from control_tower.directory.region import Region

__all__ = ["Brands", "Region"]
