"""`runner-doctor`: which credentials an image is pulled with, why, and how to mend it where that fails."""
