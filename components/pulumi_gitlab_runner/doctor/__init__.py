"""`runner-doctor`: explains the credentials with which an image is pulled, and how to fix a failing pull."""
