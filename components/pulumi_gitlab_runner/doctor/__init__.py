"""`runner-doctor`: which credentials an image is pulled with, why, and how to fix it where that fails."""
