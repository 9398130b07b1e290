"""`runner-doctor`: which credentials an image is pulled with, why, and how to fix a failing pull."""
