"""The parcel carrier swiftparcel."""
