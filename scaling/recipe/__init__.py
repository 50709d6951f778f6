"""How networks are trained, as data: everything that can change an accuracy except the network, the images and the seed."""
