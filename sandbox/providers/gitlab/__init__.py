"""The stand-in for the official GitLab provider: runners, CI variables and schedules, over GitLab's REST API.

What each resource type sends, keeps and replaces is that of terraform-provider-gitlab 19, on which
pulumi-gitlab 10 is built.
"""
