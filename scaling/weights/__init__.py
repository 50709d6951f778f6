"""Released weights: reading them from files without running anything, and the images and classes that belong to them."""
